"""Rule: how to reach one person: an e-mail address, a telephone number.

What it misses: names, postal addresses, dates of birth, accounts of social networks; telephone
numbers without a country code or separators ("5551234567"), except Chinese mobile numbers; an
address spelled out ("anna at example dot com"). Mailboxes that belong to nobody, such as
``support@``, and free-phone numbers are let through.
"""

import re
from collections.abc import Iterator

from semcache.sharing.rule import Rule, compiled, normal

__all__ = ["CONTACT", "MAIL", "contacts_in", "holds_contact"]

# What stands before the @ is read backwards from it: a search for it would begin at every letter.
MAIL = compiled(
    r"@(?<=[\w+-]@)[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", flags=re.ASCII
)
_BEFORE = compiled(r"[\w.+-]+$", flags=re.ASCII)
_LONGEST = 64
_NOBODY = compiled(
    r"(?:support|info|help|hello|sales|contact|admin|office|billing|service|security|privacy|jobs|"
    r"press|team|git|webmaster|postmaster|abuse|no-?reply|do-?not-?reply|user(?:name)?|name|you)$",
    flags=re.IGNORECASE,
)
_MOBILE = r"(?<![\d.])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
_CHINESE_LINE = r"(?<!\d)\(?0(?:10|2\d|[3-9]\d\d)\)?[ -]\d{7,8}(?!\d)"
_INTERNATIONAL = r"(?<![A-Za-z0-9+])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)"
_AMERICAN = (
    r"(?<![\d.-])(?:1[ .-])?\(?(?!8(00|33|44|55|66|77|88))[2-9]\d\d(?:\) ?|[ .-])"
    r"[2-9]\d\d[ .-]\d{4}(?![\d-])"
)
_BRITISH = r"(?<!\d)\(?0(?!80[08])\d{2,4}\)?[ -]\d{3,4}[ -]?\d{3,4}(?!\d)"
_PHONE = compiled("|".join((_MOBILE, _CHINESE_LINE, _INTERNATIONAL, _AMERICAN, _BRITISH)))
_SEVEN_DIGITS = compiled(r"\d(?:[ ().-]{0,2}\d){6}")  # most texts have fewer
_CHAT = compiled(
    r"[Qq][Qq](?:号|群)? ?[:：]? ?[1-9]\d{4,10}(?!\d)|微信号?(?:是|[:：]) ?[A-Za-z][\w-]{5,19}"
)


def holds_contact(text: str) -> bool:
    """Return whether somebody's address or telephone number stands in a text of any length.

    Example:
        >>> holds_contact("I am anna.b@mail.example"), holds_contact("what is support@mail.example")
        (True, False)
        >>> holds_contact("我的手机是13800138000"), holds_contact("订单2024010112345")
        (True, False)
    """
    return next(contacts_in(normal(text)), None) is not None


def contacts_in(typed: str) -> Iterator[tuple[int, int]]:
    """Yield where each of them begins and ends in a text that is normal.

    Example:
        >>> [slice(*place) for place in contacts_in("call +1 415 555 0100 now")]
        [slice(5, 20, None)]
    """
    for at in MAIL.finditer(typed):
        before = _BEFORE.search(typed[max(0, at.start() - _LONGEST) : at.start()])
        if before is not None and not _NOBODY.match(before[0]):
            yield at.start() - len(before[0]), at.end()
    if _SEVEN_DIGITS.search(typed):
        for found in _PHONE.finditer(typed):
            yield found.span()
    for found in _CHAT.finditer(typed):
        yield found.span()


CONTACT = Rule(
    "contact", "an address or a number of a person: call me at ...", holds_contact, pure=True
)
