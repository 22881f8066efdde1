"""Rule: the question cannot be understood without what was said before: and how do I undo that?

The exact tier is left: a cache that keys it by the whole conversation answers rightly.

What it misses: some four in ten of such questions, those that leave a thing out without a word
that points to it ("for how many users?"). Of a long text it reads both ends.
"""

from semcache.sharing.rule import Rule, compiled, either, folded

__all__ = ["FOLLOW_UP", "needs_conversation"]

# "Is it safe to ...", "it is possible": the pronoun points forwards.
_FORWARDS = compiled(
    r"\b(?:is|was|would|will|does) (?:it|this) (?:\w+ ){0,2}?(?:to|that|if|for|when)\b|"
    r"\b(?:does|will|did|would) it (?:take|cost|mean|matter)\b|^if it is not\b|^it(?: is|"
    r" keeps?| says?)? \w+ing\b|^it says\b|"
    r"^it (?:is|was) (?:\w+ )?(?:to|that)\b|^how (?:is it|come it is) (?:possible|that)\b"
)
_OPENING = compiled(
    r"^(?:and|but|so|then|what about|how about|same(?= (?:for|with|again|thing)\b|[?.! ]*$)|"
    r"why not|why[?.! ]*$|how so|which one|in that case|",
    r"what else|anything else|go on|continue|really|done|great|ok(?:ay)?|yes|sorry)\b|",
    r"^(?:那(?!里|些年|不勒斯|曲)|然后|接着|还有(?!多少|几|什么)|另外|但是?|可是|所以|再(?!生|"
    r"贷|婚|次)|换成|要是|",
    r"为什么[??]?$|为啥[??]?$|怎么[做弄][??]?$|具体|比如|举个例子|继续|详细|同样|除此|此外|"
    r"反过来|嗯|好的?[,,]?那|",
    r"哪个更|哪一个|多少钱[??]?$|呢)",
)
# Points back wherever it stands.
_BACK = either(
    r"\bthe (?:other|second|third|former|latter|previous|same)(?: (?:one|step|option|point|"
    r"method|way|item))?s?(?=[?.!,]|$| you| again)|"
    r"\byou (?:mentioned|said|just|listed|described|suggested)\b|\b(?:your|the) (?:list|"
    r"first point|last answer)\b(?= ?[,?]|$)",
    r"上面(?:说|提|那)|刚才|刚刚说|前面说|你(?:刚)?说的|后者|前者|第[二三2-9]个?(?:步|方案|种|"
    r"点|条|办法|方法|呢)?(?:呢|怎|是什么|再|$)|另外?一?个呢|另外那个",
)
_PRONOUN = compiled(
    r"\b(?:it|they|them|he|she|him|those|these(?! days)|this(?=[?.!]|$| work| mean| happen| fail)|",
    r"that(?=[?.!,]|$| back| one| mean| work| too| cost| take| case| fail| as well| again))\b|",
    r"它|[他她](?!人|山|汀)|[那这]个(?=$|[要能怎是可会呢吗多药??])|这样|那样|这种|那种|这步|这条",
)
_WORD = compiled(r"[a-z]{3,}|[\u3400-\u9fff]{1,2}")
_SMALL = compiled(
    r"\b(?:the|and|but|for|you|are|how|what|when|where|why|who|which|does|did|can|could|will|would|"
    r"should|that|this|with|was|were|has|have|had|not|from|his|her|she|him|they|them|its|get|got|"
    r"about|there|one|then|your|our|way)\b|"
    r"怎么样?|怎样|如何|什么|[那呢吗吧的了要是啊再]"
)
_ENOUGH = 2  # words before a pronoun that it can point back to


def needs_conversation(text: str) -> bool:
    """Return whether the text points back to something that it does not name.

    Example:
        >>> needs_conversation("and how do I undo that?"), needs_conversation("undo a merge")
        (True, False)
        >>> needs_conversation("my dog ate grapes, is it dangerous for him?")
        False
    """
    plain = folded(text)
    if _BACK(plain):
        return True
    pronoun = _PRONOUN.search(plain)
    if pronoun and _FORWARDS.search(plain):
        pronoun = None
    opening = _OPENING.search(plain)
    if pronoun is None:
        return opening is not None and _content(plain) <= _ENOUGH
    return opening is not None or _content(plain[: pronoun.start()]) < _ENOUGH


def _content(plain: str) -> int:
    return len(_WORD.findall(_SMALL.sub("", plain)))


FOLLOW_UP = Rule(
    "follow-up",
    "the question needs what was said before: and that one?",
    needs_conversation,
    "exact",
    pure=True,
)
