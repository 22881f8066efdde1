"""Rule of answers: the model did not answer: it refused, or said what it cannot know.

A refusal is no truth about the question: the next model, or the same one a minute later, may
answer. It would also be the cheapest thing to serve for a week.

What it misses: a refusal after a long introduction (only the first 400 characters are read), one
that speaks of "we", which reads like a shop's rule ("we cannot refund that after 30 days"), a
refusal dressed as advice, and other languages than English and Chinese.
"""

from semcache.sharing.rule import Rule, compiled, folded

__all__ = ["REFUSAL", "refuses"]

_BEGINNING = 400
_CAN_NOT = (
    r"(?:can not|could not|wo not|will not|do not|am (?:not able|unable|not allowed|"
    r"not permitted)|not able|unable|"
    r"must (?:decline|refuse)|have to decline|prefer not|would rather not|decline|not comfortable|"
    r"not in a position)"
)
_ENGLISH = compiled(
    # As folded: "I'm sorry" has become "i sorry".
    r"\b(?:sorry|apologi[sz]e|apologies|unfortunately|"
    rf"regret)\b[^.!?]{{0,60}}\bi(?: am)? {_CAN_NOT}\b|",
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|virtual assistant|chatbot|"
    r"assistant)\b"
    r"[^.!?]{0,80}\bi\b|\bi(?: am)? (?:just |only )?an? (?:ai|language model|chatbot)\b|",
    r"(?:^|[.!?,:;] )(?:but |however, )?i(?: am)? (?:still )?(?:can not|unable to|"
    r"not able to) (?:help|assist|answer|"
    r"provide|access|comply|fulfil|fulfill|discuss|share|give|offer|support|generate|create|"
    r"do that|"
    r"see|view|look|check|verify|browse|predict|tell|continue|complete|engage|process|retrieve)|",
    r"\bi (?:do not|can not) (?:currently |directly |actually )?(?:have|access|browse|see|get|"
    r"know)\b(?: (?:any|direct|"
    r"real|real-time|live|current|personal|enough|the|up-to-date|sufficient|specific|your))*"
    r"(?:(?<=know)|[ -](?:access|ability|internet|information|data|context|details|account|"
    r"capability|"
    r"browsing|permission|answer|news|weather|time))|",
    r"\bi(?: am| have| must| will)?(?: to)? (?:(?:wo )?not answer|decline|refuse|not comfortable|"
    r"not allowed|not permitted)\b|"
    r"\bmy (?:knowledge|training)(?: data)? (?:cutoff|cut-off|ends|only|does not|stops|goes)\b|",
    r"\bthis (?:request|question|content) (?:violates|goes against|is against|"
    r"can not be answered)\b|"
    r"\b(?:against|violates?) my (?:guidelines|programming|policy|policies)\b",
)
_CHINESE = compiled(
    r"(?:对不起|抱歉|很遗憾|不好意思|遗憾)[^。!?]{0,24}?(?:我|本助手|小助手|"
    r"ai)(?!们)[^。!?们]{0,10}?(?:无法|不能|不会|没办法|没有办法|没法|"
    r"不便|不可以|还不|不知道|没有(?:权限|能力|相关|实时|访问))|",
    r"(?:对不起|抱歉|很遗憾|不好意思)[,，]?\s?(?:无法|不能|没办法)(?:回答|提供|协助|帮助|完成|"
    r"处理您的请求|满足)|",
    r"(?:作为|我(?:只)?是)(?:一[个款名种])?(?:ai|人工智能|大?语言模型|大模型|聊天机器人|智能助手|"
    r"虚拟助手)[^。!?]{0,40}?"
    r"(?:无法|不能|没有|不会|不具备|不了解)|",
    r"(?:^|[。!?,，])我(?:目前|暂时|现在|还|实在|恐怕)?(?:无法|不能|没办法|没法)(?:直接|"
    r"实时)?(?:回答|提供|访问|获取|查[看询]|"
    r"帮[你您助]|协助|满足|完成|告诉|确认|预测|讨论|生成)|",
    r"(?:^|[。!?,，])我(?:目前|暂时|现在)?(?:没有|不具备|缺乏)(?:任何|足够的?|访问|查看|实时|联网|"
    r"相关|您的|你的)"
    r"[^。!?]{0,12}(?:权限|能力|数据|信息|功能|资料|账户|账号)|我的(?:知识|"
    r"训练数据)[^。!?]{0,6}(?:截止|截至|只到)|",
    r"(?:^|[。!?,，])我不(?:知道|清楚|太清楚|确定)(?:答案|这个|您|你|[。!,，]|$)",
)


def refuses(answer: str) -> bool:
    """Return whether an answer begins with a refusal in words.

    Example:
        >>> refuses("I'm sorry, but I can't help with that."), refuses("Sorry, we can't refund it.")
        (True, False)
        >>> refuses("对不起，我无法回答这个问题。"), refuses("抱歉，我们不能退款。")
        (True, False)
    """
    begins = folded(answer[:_BEGINNING])
    return bool(_ENGLISH.search(begins) or _CHINESE.search(begins))


REFUSAL = Rule(
    "refusal", "the model did not answer: I'm sorry, but I can't ...", refuses, pure=True
)
