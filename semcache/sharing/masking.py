"""Replace what stands for one person in a text: addresses, telephone and account numbers, secrets.

It finds what :mod:`.contact`, :mod:`.account_numbers` and :mod:`.secrets` find, and misses what
they miss: above all names, postal addresses and dates of birth. So a masked file is fit for
readers who may see the log, rather than for the public.
"""

from collections.abc import Callable, Iterator

from semcache.sharing.account_numbers import account_numbers_in
from semcache.sharing.contact import contacts_in
from semcache.sharing.rule import normal
from semcache.sharing.secrets import secrets_in

__all__ = ["masked"]

# Where two overlap they are one, of the first kind: a card's digits also look like a telephone's.
_FOUND_BY: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "[secret]": secrets_in,
    "[number]": account_numbers_in,
    "[contact]": contacts_in,
}


def masked(text: str) -> str:
    """Return a text with such things replaced; one that has none is returned as it was typed.

    A text in which something is replaced comes back in NFKC, as the rules read it.

    Example:
        >>> masked("I am anna.b@mail.example, is 4111 1111 1111 1111 blocked")
        'I am [contact], is [number] blocked'
        >>> masked("我的手机是13800138000"), masked("how do I reset my password?")
        ('我的手机是[contact]', 'how do I reset my password?')
    """
    typed, found = normal(text), list[tuple[int, int, str]]()
    for name, places in _FOUND_BY.items():
        for start, end in places(typed):
            over = [other for other in found if start < other[1] and other[0] < end]
            found = [other for other in found if other not in over]
            name_of_all = over[0][2] if over else name
            starts, ends = zip((start, end), *(other[:2] for other in over), strict=True)
            found.append((min(starts), max(ends), name_of_all))
    if not found:
        return text
    for start, end, name in sorted(found, reverse=True):
        typed = f"{typed[:start]}{name}{typed[end:]}"
    return typed
