"""Which questions may be shared, which answers kept; as small named rules that one can read.

"Where is my invoice", "the price of gold today", "and how do I undo that?": the answer to the first
belongs to one person, to the second to one minute, to the third to one conversation. However alike
two such questions are, no similarity makes their answers safe to share. A rule says what is still
allowed where it applies: the exact tier, which answers whoever types the same text, or nothing.

What is the asker's own, or a secret, leaves nothing: the exact tier of a shared scope would answer
the next customer who types the same words. What needs the conversation, or tells the model how to
answer, leaves the exact tier. What changes soon leaves it for a minute, by default; a rule is a
value, so another choice is another tuple::

    strict = replace(VOLATILE, leaves="nothing", ttl=None)
    rules = tuple(strict if rule is VOLATILE else rule for rule in DEFAULT_RULES)

The exact tier is meant to be keyed by all that shaped the answer, earlier turns included.
"""

from collections.abc import Sequence

from semcache.sharing.account_numbers import ACCOUNT_NUMBER
from semcache.sharing.aside import ASIDE
from semcache.sharing.contact import CONTACT
from semcache.sharing.follow_up import FOLLOW_UP
from semcache.sharing.injection import INJECTION
from semcache.sharing.links import LINK
from semcache.sharing.personal import PERSONAL
from semcache.sharing.refusals import REFUSAL
from semcache.sharing.rule import Rule
from semcache.sharing.secrets import SECRET
from semcache.sharing.verdict import Admission, strictest
from semcache.sharing.volatile import VOLATILE

__all__ = ["ANSWER_RULES", "DEFAULT_RULES", "Admission", "may_keep", "may_share"]

DEFAULT_RULES: tuple[Rule, ...] = (
    SECRET,
    ACCOUNT_NUMBER,
    CONTACT,
    PERSONAL,
    VOLATILE,
    INJECTION,
    LINK,
    ASIDE,
    FOLLOW_UP,
)
ANSWER_RULES: tuple[Rule, ...] = (REFUSAL, SECRET, ACCOUNT_NUMBER)


def may_share(question: str, rules: Sequence[Rule] = DEFAULT_RULES) -> Admission:
    """Return whether the answer to a question may be given to others, or to the asker later.

    Args:
        question: What was asked, English or Chinese, of any length.
        rules: The strictest that applies decides. Add your own, ``Rule(name, description, test)``,
            or leave one out; what a test raises is raised here.

    Example:
        >>> may_share("How do I download an invoice?")
        Admission(rule=None)
        >>> may_share("where is my invoice").rule.name
        'personal'
        >>> price = may_share("今天金价多少")
        >>> price.rule.name, price.by_similarity, price.exact, price.ttl
        ('volatile', False, True, 60.0)
        >>> without = [rule for rule in DEFAULT_RULES if rule.name != "volatile"]
        >>> may_share("今天金价多少", without).by_similarity
        True
    """
    return strictest(question, rules)


def may_keep(answer: str, rules: Sequence[Rule] = ANSWER_RULES) -> Admission:
    """Return whether the text of an answer may be stored.

    Args:
        answer: What the model wrote, of any length.
        rules: As for :func:`may_share`.

    Example:
        >>> may_keep("Open Settings, then Billing.").exact
        True
        >>> may_keep("I'm sorry, but I can't help with that.").rule.name
        'refusal'
    """
    return strictest(answer, rules)
