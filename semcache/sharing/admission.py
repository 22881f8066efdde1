"""Which questions a shared cache neither looks up nor stores by similarity.

"Where is my invoice", "the price of gold today", "and how do I undo that?": the answer to the first
belongs to one person, to the second to one hour, to the third to one conversation. However alike
two such questions are, no similarity makes their answers safe to share. Each rule reads one text
alone, so a cache can ask before it embeds anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from semcache.sharing.follow_up import needs_conversation
from semcache.sharing.personal import asks_for_own
from semcache.sharing.rule import Rule
from semcache.sharing.volatile import changes_soon

__all__ = ["DEFAULT_RULES", "Admission", "Rule", "may_share"]

DEFAULT_RULES: tuple[Rule, ...] = (
    Rule("personal", "the answer is a value of the asker's own: my invoice", asks_for_own),
    Rule("volatile", "the answer changes by the day or the hour: the price today", changes_soon),
    Rule("follow-up", "the question needs what was said before: and that one?", needs_conversation),
)


@dataclass(frozen=True)
class Admission:
    """Whether a question may be shared, and which rule refused it.

    True in a condition if it may.
    """

    rule: Rule | None = None

    def __bool__(self) -> bool:
        return self.rule is None

    @property
    def exact(self) -> bool:
        return self.rule is None or self.rule.leaves == "exact"

    @property
    def ttl(self) -> float | None:
        return None if self.rule is None else self.rule.ttl


ANSWER_RULES: tuple[Rule, ...] = ()


def may_keep(text: str, rules: Sequence[Rule] = ANSWER_RULES) -> "Admission":
    return may_share(text, rules)


def may_share(question: str, rules: Sequence[Rule] = DEFAULT_RULES) -> Admission:
    """Return whether the answer to a question may be given to others, or to the asker later.

    Args:
        question: What was asked, English or Chinese, of any length.
        rules: Asked in turn; the first that applies refuses. Add your own: ``Rule(name,
            description, test)``.

    Example:
        >>> may_share("How do I download an invoice?")
        Admission(rule=None)
        >>> may_share("where is my invoice").rule.name
        'personal'
        >>> [may_share(text).rule.name for text in ("今天金价多少", "那怎么撤销呢")]
        ['volatile', 'follow-up']
    """
    return Admission(next((rule for rule in rules if rule.applies(question)), None))
