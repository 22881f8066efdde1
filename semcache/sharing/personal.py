"""Rule: the answer is a value that is looked up for the asker: where is my order.

Nothing is left: even the exact tier would answer the next customer who types the same words.

What it misses: some half of such questions, above all those that name neither the asker nor one of
the things in its list ("has the parcel come yet"). Of a long text it reads both ends.
"""

from semcache.sharing.rule import Rule, compiled, either, folded

__all__ = ["PERSONAL", "asks_for_own"]

_FIRST_PERSON = compiled(r"\b(?:i|we|me|us|my|our|mine|ours)\b|我|咱|本人")
# A way to do something is the same for everybody: "how do I change my plan".
_PROCEDURE = either(
    r"\bhow (?:do|can|could|would|should|to|come)\b(?! i (?:have|owe))|\bwhere (?:do|can|"
    r"could) (?:i|we)\b|"
    r"\bways? (?:to|of)\b|\bwhat (?:happens|if)\b|\bif (?:i|we)\b|\bcost to\b|\b(?:can|could|"
    r"may|should|must) (?:i|we)\b|\bsteps?\b",
    r"怎么(?!还没|没|还|就|被|会|说)|如何|怎样|咋|步骤|流程|方法|能不能|可以",
)
# What one person has and another has not.
_OWNED = (
    r"(?:my|our) (?:[a-z]+ ){0,2}?"
    r"(?:invoices?|bills?|orders?|balances?|parcels?|packages?|deliver(?:y|ies)|shipments?|"
    r"tickets?|"
    r"appointments?|bookings?|reservations?|flights?|salary|pay(?:check|slip)s?|bonus|points|miles|"
    r"credits?|quota|usage|refunds?|returns?|results?|grades?|scores?|plan|subscription|contract|"
    r"loan|mortgage|prescription|leave|(?:vacation )?days(?: off)?|pto|shift|lease|rent|deposit|"
    r"statement|limit|transactions?|spending|trial|seat|gate|order number|tracking number|income|"
    r"insurance|schedule|calendar|list|appointment|meetings?|reminders?|alarms?|taxes|rewards?|"
    r"storage)"
)
_ASKS = compiled(
    rf"\b(?:what|which|when|where|who|how (?:much|many|long|far|big|"
    rf"high))\b[^.!?]{{0,40}}?\b{_OWNED}\b|",
    rf"(?<!why )\b(?:is|are|was|were|has|have|did|does|do|will) {_OWNED}\b(?! \w+ (?:safe|"
    rf"secure|encrypted|private))|",
    rf"^{_OWNED}$|",
    rf"\b(?:show|list|check|track|look up|tell|give|send|"
    rf"read)(?: me)?(?: [a-z]+){{0,4}}? {_OWNED}\b|",
    r"\b(?:what|which|how (?:much|many|long|far|close))\b[^.!?]{0,40}\b(?:am i|do i (?:still )?",
    r"(?:have(?! to\b)|owe|get)|have i|did i|was i|i have (?:left|still)|i still have|i owe|"
    r"i am in)\b|",
    r"\b(?:did|do|does|has|have) (?:i|we) (?:still )?(?:have\b(?! to\b)|pa(?:y|id)\b|spen[dt]\b|"
    r"order)|",
    r"\bam i (?:still|on|in|registered|booked|close|due)\b|",
    r"\bi (?:still )?have left\b|\bfor me (?:already|yet)\b|",
    r"\b(?:my|our|mine)\b[^.!?]{0,40}\b(?:how much|where is it|left(?! the\b)(?=[?.! ]|$)|"
    r"status|due|",
    r"(?:charged|renewed|billed|paid|arriv(?:e|ed|ing)|shipped|delivered|run out|"
    r"expires?) (?:next|yet|already)|",
    r"runs? out|expires?|yet)\b",
)
_ASKS_CHINESE = compiled(
    r"我.{0,14}?(?:到哪|在哪[一张里儿个]?|退到哪|处理到|还剩|剩[多几]|了吗|了没|批了|进度|"
    r"多少(?!钱)|",
    r"[修考得剩欠用排是]了?(?:多少|几)|哪天|几号|第几|哪[一]?张|是谁|(?<!手续)有哪些|有什么|"
    r"审核|过了|发了)|",
    r"我的[^，。]{1,8}?(?:是(?!不是|否)|哪|几)|(?:多少|几[天个次]|什么时候|哪天).{0,6}(?:我的|"
    r"我账|我卡)|",
    r"(?:帮我?|给我|替我)?查一?下(?:我|.{0,6}还有多少)|看一?下?我(?:的|这)",
)


def asks_for_own(text: str) -> bool:
    """Return whether the answer is a value of the asker's own.

    Example:
        >>> asks_for_own("where is my order"), asks_for_own("how do I track my order")
        (True, False)
        >>> asks_for_own("我的快递到哪了"), asks_for_own("怎么查我的快递")
        (True, False)
    """
    plain = folded(text)
    if not _FIRST_PERSON.search(plain) or _PROCEDURE(plain):
        return False
    return bool(_ASKS.search(plain) or _ASKS_CHINESE.search(plain))


PERSONAL = Rule(
    "personal", "the answer is a value of the asker's own: my invoice", asks_for_own, pure=True
)
