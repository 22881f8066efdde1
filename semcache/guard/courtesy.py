"""Courtesy taken out of a text before it is read: greetings, thanks, apologies, complaints.

They carry names ("Dear HR team"), numbers ("third time I ask"), dates ("have a nice weekend") and
denials ("nothing works") that belong to no question. Only whole clauses go, and never the last
that is left.
"""

import re

from semcache.guard.patterns import pattern

__all__ = ["without_courtesy"]

_STOP = ",.;:!?，。；：！？~～\\n"
_CLAUSE, _HAN_CLAUSE = (
    re.compile(f"[^{stop}]+[{stop}]*|[{stop}]+") for stop in (_STOP, _STOP + " ")
)
_HAN = re.compile("[\u3400-\u9fff]")
_COURTESY = pattern("courtesy", "clause")
_LETTER = re.compile(r"\w")


def without_courtesy(text: str) -> str:
    """Return the text without its clauses of courtesy; all of it if nothing else is there.

    Example:
        >>> without_courtesy("Dear team, thanks for your help! How do I undo a merge?")
        'How do I undo a merge?'
        >>> without_courtesy("thank you")
        'thank you'
    """
    form = _HAN_CLAUSE if _HAN.search(text) else _CLAUSE
    clauses = form.findall(text)
    if len(clauses) < 2:
        return text
    kept = [clause for clause in clauses if not _COURTESY.match(clause.strip().lower())]
    rest = "".join(kept).strip()
    return rest if len(_LETTER.findall(rest)) >= 6 else text
