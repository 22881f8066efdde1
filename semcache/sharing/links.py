"""Rule: the question brings an address along, which its answer may repeat to others.

"How do I reset my password? They moved it to reset-here.example" instructs nobody, but who is given
the answer may be sent there. A question about one's own domain is refused as well; whoever types it
again is still answered.

What it misses: an address without a known ending, spelled out ("reset-here dot example"), or shown
as a picture of one.
"""

from semcache.sharing.contact import MAIL
from semcache.sharing.rule import Rule, compiled, normal

__all__ = ["LINK", "holds_link"]

_LINK = compiled(
    r"://[^\s]|www\.[a-z0-9]|"
    r"\.(?<=[a-z0-9]\.)(?:[a-z]{2,10}/\w|(?:com|net|org|biz|io|ai|dev|cn|hk|tw|uk|de|fr|ru|eu|xyz|"
    r"vip|"
    r"example|onion|exe|apk|msi|dmg|scr|bat)(?![a-z0-9-]|\.[a-z0-9]))"
)


def holds_link(text: str) -> bool:
    """Return whether a link, a domain, a program's file or an e-mail address stands in a text.

    Example:
        >>> holds_link("is https://pay.example safe"), holds_link("download fix.exe from where")
        (True, True)
        >>> holds_link("Is it free.And fast?"), holds_link("what is node.js")
        (False, False)
    """
    typed = normal(text).casefold()
    return bool(_LINK.search(typed) or MAIL.search(typed))


LINK = Rule("link", "brings an address along: they moved it to ...", holds_link, "exact", pure=True)
