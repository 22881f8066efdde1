"""Signal: negation. What one text denies, and the other, without any negative word, asserts."""

import re
from itertools import takewhile

from semcache.guard.english import LISTS, stem
from semcache.guard.reading import Reading

__all__ = ["denial", "denied"]

# A denial says little where the other text says something negative in another way: "my transfer
# did not work", "my transfer failed".
_NEGATIVE = frozenset(map(stem, LISTS["english"]["negative"].split()))
_NEGATIVE |= set(LISTS["chinese"]["negative"])
_WHETHER = LISTS["english"]["whether"].split()
_ASKS = re.compile(
    rf"\b(?:why|how|what|which|who|when|where)\b|^(?:{'|'.join(_WHETHER)})\b|为什么|为何|为啥|怎么|怎样|如何|哪|谁|几|多少|吗"
)
_SAME = {"which": "what", "为何": "为什么", "为啥": "为什么", "怎样": "怎么", "如何": "怎么"}
_NO_TOPIC = ("small", "not", "number", "date")
_REACH = 5  # words after a negator in which what it denies is looked for


def denial(one: Reading, two: Reading) -> str | None:
    """Return the word that one text denies and the other asserts, or None.

    Example:
        >>> from semcache.guard.reading import read
        >>> denial(read("which fruit can I eat"), read("which fruit can I not eat"))
        'eat'
        >>> denial(read("my transfer failed"), read("my transfer did not go through"))
    """
    negative_one, negative_two = _is_negative(one), _is_negative(two)
    if negative_one == negative_two or _asks(one) != _asks(two):
        return None
    denying, other = (one, two) if negative_one else (two, one)
    asserted = {token.key for token in other.tokens}
    return next((word for word in denied(denying, 1) if word in asserted), None)


def _asks(reading: Reading) -> str:
    """Return what is asked: who cannot find it and who asks where it is both look for it."""
    found = _ASKS.search(reading.text.casefold())
    if not found:
        return ""
    return (
        "whether" if found.start() == 0 and found[0] in _WHETHER else _SAME.get(found[0], found[0])
    )


def _is_negative(reading: Reading) -> bool:
    return any(token.kind == "not" or token.key in _NEGATIVE for token in reading.tokens)


def denied(reading: Reading, most: int) -> list[str]:
    """Return, for each negator, up to ``most`` words of its clause after it that carry a topic.

    Example:
        >>> from semcache.guard.reading import read
        >>> denied(read("it does not seem right"), 2)
        ['seem', 'true']
    """
    tokens = reading.tokens
    found: list[str] = []
    for at, token in enumerate(tokens):
        if token.kind == "not":
            after = takewhile(lambda t: t.kind != "stop", tokens[at + 1 : at + 1 + _REACH])
            found += [t.key for t in after if t.kind not in _NO_TOPIC][:most]
    return found
