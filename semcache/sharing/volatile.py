"""Rule: the answer changes by the day or the hour: the weather, a price, who is on call.

The exact tier is left for a minute: many ask the same at once just then ("is the site down?"), and
what changes by the hour has seldom changed after a minute. ``replace(VOLATILE, ttl=5.0)`` makes it
shorter, ``replace(VOLATILE, leaves="nothing", ttl=None)`` allows not even that.

What it misses: some four in ten of such questions, those whose wording shows no time and whose
subject is not in its lists. Of a long text it reads both ends.
"""

from semcache.sharing.rule import Rule, either, folded

__all__ = ["VOLATILE", "changes_soon"]

_NOW = either(
    r"\b(?:right now|now|currently|current|at the moment|at present|today|tonight|tomorrow|latest|"
    r"most recent|live|this (?:morning|afternoon|evening|week|weekend|month|minute)|so far|as of|"
    r"upcoming|breaking|trending|just (?:now|released|announced|come out))\b",
    r"现在|目前|当前|眼下|此刻|今天|今日|今晚|今早|今朝|明天|昨天|最新|最近|刚刚|实时|这会儿|"
    r"本周|这周|近期|即将|马上|正在|还在",
)
# Changes whether or not the question says "now".
_ALWAYS = either(
    r"\b(?:weather\b(?! (?:app|station|forecast work))|forecast for\b|(?:what|whats|current|"
    r"todays?)(?: is)?(?: the| your)?(?: current)? exchange rate\b(?! (?:for|on|of) my)|"
    r"(?:stock|share|bitcoin|btc|oil|gold) price\b|what time is it\b|(?:what|"
    r"todays?) (?:day|date) is\b|"
    r"on (?:call|duty)\b|is there an outage\b|who (?:won|is winning|leads)\b|"
    r"latest (?:news|version)\b|"
    r"score of\b|how (?:is|bad is)(?: the)? traffic\b|"
    r"is (?:the )?[a-z]+(?: [a-z]+)? (?:down|up)\b(?! (?:to|for|in))|"
    r"(?:open|ongoing) incidents?\b|next (?:maintenance|bus|train|flight|game|match|"
    r"release)\b|"
    r"still (?:on strike|closed|open|down|delayed|available|in stock|on sale)\b)",
    r"股价|汇率|金价|油价|币价|谁(?:在)?值班|宕机了?[吗没]|挂了[吗没]|有没有货|有货[吗没]|"
    r"前面还有|堵不堵|堵车|比分|热搜|谁赢|"
    r"几点了|开门了?[吗没]|还有票|余票|停电|停水|恢复了[吗没]|几度|天气|气温",
)
# Changes if it is asked for as it is now.
_CHANGING = either(
    r"\b(?:price|prices|rates?|temperature|rain|snow|cost|costs|worth|score|news|traffic|queue|"
    r"wait(?:ing)?|"
    r"down|open|closed|available|in stock|running|working|busy|crowded|delayed|full|on sale|"
    r"showing|"
    r"version|released?|ceo|president|prime minister|mayor|champion|winner|online|remaining|"
    r"left|strike|"
    r"incidents?|status|outage|events?|get for|litre|barrel|yen|dollars?|euros?|bitcoin|films?|"
    r"movies?|polls?)\b",
    r"价|多少钱|几块|几钿|雨|雪|热|冷|新闻|排队|等多|票|营业|开门|关门|版本|更新到|状态|库存|"
    r"有货|剩|限行|路况|维护|上映|涨|跌|在线|人多",
)


def changes_soon(text: str) -> bool:
    """Return whether the answer will be another one tomorrow.

    Example:
        >>> changes_soon("current price of gold"), changes_soon("what is a class")
        (True, False)
        >>> changes_soon("明天北京天气怎么样"), changes_soon("怎么查天气预报的历史记录")
        (True, True)
    """
    plain = folded(text)
    return _ALWAYS(plain) or (_NOW(plain) and _CHANGING(plain))


VOLATILE = Rule(
    "volatile",
    "the answer changes by the day or the hour: the price today",
    changes_soon,
    "exact",
    ttl=60.0,
    pure=True,
)
