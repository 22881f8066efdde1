"""Signal: the type of question. "Why", "when", "how much" and "how to" want different answers."""

from functools import lru_cache

from semcache.semantic.guard.patterns import section
from semcache.semantic.guard.polarity import in_trouble
from semcache.semantic.guard.reading import Reading

__all__ = ["conflict"]

# The first that fits names the type. "How do I", "where do I", "can I" and a bare keyword all ask
# for a way to do something, so they are one type.
_TYPES = section("question")


@lru_cache(maxsize=8_192)
def _type(folded: str) -> str:
    return next((name for name, pattern in _TYPES.items() if pattern.search(folded)), "")


def conflict(one: Reading, two: Reading) -> float:
    """Return 1 where the texts ask for two things; a text that names no type agrees with all.

    Example:
        >>> from semcache.semantic.guard.reading import read
        >>> conflict(read("Why was I charged?"), read("When was I charged?"))
        1.0
        >>> conflict(read("How do I cancel?"), read("cancel subscription"))
        0.0
    """
    types = {_type(one.folded), _type(two.folded)}
    if len(types) == 1 or types == {"way", ""}:
        return 0.0
    if "reason" in types and types & {"way", ""} and (in_trouble(one) or in_trouble(two)):
        return 0.0  # of a fault, the reason and the way to mend it are one answer
    return 0.0 if types & {"", "definition", "comparison", "safety", "count"} else 1.0
