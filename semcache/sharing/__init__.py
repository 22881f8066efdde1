"""May a question be shared at all? Asked before a cache looks anything up by similarity.

:mod:`.personal`, :mod:`.volatile` and :mod:`.follow_up` each hold one rule, :mod:`.admission` asks
them in turn.
"""

from semcache.sharing.admission import (
    ANSWER_RULES,
    DEFAULT_RULES,
    Admission,
    Rule,
    may_keep,
    may_share,
)

__all__ = ["ANSWER_RULES", "DEFAULT_RULES", "Admission", "Rule", "may_keep", "may_share"]
