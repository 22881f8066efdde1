"""Rule: beside the question the text says something that is not about the asker.

"How do I reset my password? The page for it asks for the bank's PIN these days." No word of it is
a command, so :mod:`.injection` cannot know it; but whoever is given the answer has not read the
aside. The rule looks at the form alone: after a question, a sentence that asks nothing, does not
speak of the asker ("my card"), does not go on about a thing already named ("it fails") and is no
courtesy; before a question, such a sentence that speaks to whoever answers ("you").

What it misses: an aside in the question's own sentence or in the first person ("I work there, and
we abolished it"), a fact before the question, a text in which no question can be told. It refuses
some three in a thousand ordinary questions ("Why was my card refused? The bank knows nothing.").
"""

from semcache.sharing.disguise import uncovered
from semcache.sharing.rule import Rule, compiled

__all__ = ["ASIDE", "has_aside"]

_LONGEST = 8_000
_FEWEST = 3  # words, or Chinese characters, of a sentence
_CLOSING = r"[\"'”’)\]]*"
# A point ends a sentence if a space follows, and no single letter comes before it: 0.5, J. Smith.
_END = compiled(
    rf"(?<![\s.][a-z])[.!;](?=\s|$|[\"'”’)\]]){_CLOSING}|[。！；]{_CLOSING}|(?<=[?？]){_CLOSING}|\n"
)
_WORD = compiled(r"[a-z0-9']+|[\u4e00-\u9fff]")
_ASKS = compiled(
    r"\W*(?:and |but |so |ok |hi |also )?(?:how|what|where|when|why|which|who|can|could|do|does|"
    r"did|is|are|will|"
    r"would|should|may|am)\b|.*(?:[?？]|吗|怎么|怎样|如何|什么|多少|几[个天次]|哪|能不能|是否|多久)"
)
_ABOUT_ASKER = compiled(
    r"\b(?:i|my|me|mine|we|our|us|myself|im|ive|id)\b|我|咱|俺|本人|",
    r"^\W*(?:and |but |because |since )?(?:it|they|this|that)\b",
)
_COURTESY = compiled(
    r"\b(?:thanks?|thank you|thx|cheers|help|hello|hi|regards|appreciated?|urgent|asap|rush|"
    r"hurry)\b|"
    r"\bplease(?: can you)? (?:advise|assist|explain|let)\b|谢|你好|您好|请问|求助|求解|在线等|急|"
    r"帮[帮忙]"
)
_TO_MODEL = compiled(r"\byour?\b|你")


def has_aside(text: str) -> bool:
    """Return whether a text says more than its question, and not of the asker.

    Example:
        >>> has_aside("Is it free? Prices have gone up."), has_aside("Is it free? I am a student.")
        (True, False)
        >>> has_aside("怎么退款？退款功能已经下线。"), has_aside("怎么退款？谢谢！")
        (True, False)
    """
    if len(text) > _LONGEST:
        return True
    pieces = _END.split(uncovered(text))
    if len(pieces) == 1:
        return False
    sentences = [piece for piece in pieces if len(_WORD.findall(piece)) >= _FEWEST]
    asking = [_ASKS.match(sentence) is not None for sentence in sentences]
    if True not in asking:
        return False
    first = asking.index(True)
    return any(
        (at > first or _TO_MODEL.search(sentence))
        and not (asks or _ABOUT_ASKER.search(sentence) or _COURTESY.search(sentence))
        for at, (sentence, asks) in enumerate(zip(sentences, asking, strict=True))
    )


ASIDE = Rule("aside", "says more than it asks, and not of the asker", has_aside, "exact", pure=True)
