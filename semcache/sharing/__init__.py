"""Who may be given an answer: which questions may be shared, which answers kept, in which scope.

One rule a module: :mod:`.secrets`, :mod:`.account_numbers`, :mod:`.contact`, :mod:`.personal`,
:mod:`.volatile`, :mod:`.injection`, :mod:`.links`, :mod:`.aside`, :mod:`.follow_up` read questions,
:mod:`.refusals` reads answers; each says what it misses. :mod:`.admission` asks them.
:mod:`.excess` compares two questions: an answer to one that said more is not given to one that
said less. :mod:`.scope` builds the name of those who share. The rules are imported when
they are first asked for: a cache without them has no need of them.
"""

from typing import TYPE_CHECKING

from semcache import lazy
from semcache.sharing.rule import Rule
from semcache.sharing.verdict import Admission

if TYPE_CHECKING:
    from semcache.sharing.account_numbers import ACCOUNT_NUMBER
    from semcache.sharing.admission import (
        ANSWER_RULES,
        DEFAULT_RULES,
        may_keep,
        may_share,
    )
    from semcache.sharing.aside import ASIDE
    from semcache.sharing.contact import CONTACT
    from semcache.sharing.excess import said_more
    from semcache.sharing.follow_up import FOLLOW_UP
    from semcache.sharing.injection import INJECTION
    from semcache.sharing.links import LINK
    from semcache.sharing.personal import PERSONAL
    from semcache.sharing.refusals import REFUSAL
    from semcache.sharing.scope import scope_of
    from semcache.sharing.secrets import SECRET
    from semcache.sharing.volatile import VOLATILE

__all__ = [
    "ACCOUNT_NUMBER",
    "ANSWER_RULES",
    "ASIDE",
    "CONTACT",
    "DEFAULT_RULES",
    "FOLLOW_UP",
    "INJECTION",
    "LINK",
    "PERSONAL",
    "REFUSAL",
    "SECRET",
    "VOLATILE",
    "Admission",
    "Rule",
    "may_keep",
    "may_share",
    "said_more",
    "scope_of",
]

__getattr__, __dir__ = lazy.names(
    __name__,
    {
        "ACCOUNT_NUMBER": ".account_numbers",
        "ANSWER_RULES": ".admission",
        "DEFAULT_RULES": ".admission",
        "may_keep": ".admission",
        "may_share": ".admission",
        "ASIDE": ".aside",
        "CONTACT": ".contact",
        "said_more": ".excess",
        "FOLLOW_UP": ".follow_up",
        "INJECTION": ".injection",
        "LINK": ".links",
        "PERSONAL": ".personal",
        "REFUSAL": ".refusals",
        "scope_of": ".scope",
        "SECRET": ".secrets",
        "VOLATILE": ".volatile",
    },
)
