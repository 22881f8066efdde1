"""Rule: a number that stands for one person: a payment card, an IBAN, an ID card.

What it misses: numbers without a checksum (passports, driving licences, most national ids and
account numbers), a number in words or cut short ("ends in 1111"), digits typed one by one. One in
ten of other numbers with 16 digits passes for a card, if it also begins like one.
"""

from collections.abc import Iterator

from semcache.sharing.checksums import iban_length, is_card, is_chinese_id, is_iban
from semcache.sharing.rule import Rule, compiled, normal

__all__ = ["ACCOUNT_NUMBER", "account_numbers_in", "holds_account_number"]

_NINE_DIGITS = compiled(r"\d(?:[ -]?\d){8}")  # most texts have fewer
_DIGITS = compiled(r"(?<![A-Za-z0-9_.])\d{3,}(?:[ -]\d{3,})*")
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_GROUP = compiled(r"\d+")
_IBAN = compiled(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d\d")
_LONGEST_IBAN = 33
_CHINESE_ID = compiled(r"(?<![\dA-Za-z])[1-9]\d{5}[ -]?\d{8}[ -]?\d{3}[\dXx](?![\dA-Za-z])")
_SOCIAL_SECURITY = compiled(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")


def holds_account_number(text: str) -> bool:
    """Return whether a card, an IBAN or the number of an ID card stands in a text of any length.

    Example:
        >>> holds_account_number("is 4111 1111 1111 1111 blocked")
        True
        >>> holds_account_number("身份证11010519491231002X"), holds_account_number("订单20240101")
        (True, False)
    """
    typed = normal(text)
    if not _NINE_DIGITS.search(typed):
        return False
    return next(account_numbers_in(typed), None) is not None


def account_numbers_in(typed: str) -> Iterator[tuple[int, int]]:
    """Yield where each of them begins and ends in a text that is normal.

    Of digits in groups the whole run is meant, and of an IBAN all that could belong to it.

    Example:
        >>> [slice(*place) for place in account_numbers_in("is 4111 1111 1111 1111 blocked")]
        [slice(3, 22, None)]
    """
    for run in _DIGITS.finditer(typed):
        if _is_card_in(_GROUP.findall(run[0])):
            yield run.span()
    for found in _IBAN.finditer(typed):
        if end := _iban_end(typed, found.start()):
            yield found.start(), end
    for match in _CHINESE_ID.finditer(typed):
        if is_chinese_id(_joined(match[0])):
            yield match.span()
    yield from (match.span() for match in _SOCIAL_SECURITY.finditer(typed))


def _iban_end(typed: str, start: int) -> int:
    """Where the IBAN that begins at a place ends; 0 if none does."""
    # As long as it can be with a space or a hyphen after each character.
    run = typed[start : start + 2 * _LONGEST_IBAN]
    size = iban_length(run[:2].upper())
    if not size or not is_iban(_joined(run)[:size].upper()):
        return 0
    counted = [place for place, character in enumerate(run, start) if character not in " -"]
    return counted[size - 1] + 1


def _is_card_in(groups: list[str]) -> bool:
    """Whether some neighbouring groups make a card: 4-4-4-4, 4-6-5, or all in one."""
    return any(
        is_card("".join(groups[start:end]))
        for start in range(len(groups))
        for end in _ends(groups, start)
    )


def _ends(groups: list[str], start: int) -> Iterator[int]:
    """Yield where a number of 13 to 19 digits can end."""
    size = 0
    for end in range(start, len(groups)):
        size += len(groups[end])
        if size > _LONGEST_CARD:
            return
        if size >= _SHORTEST_CARD:
            yield end + 1


def _joined(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


ACCOUNT_NUMBER = Rule(
    "account-number",
    "a card, IBAN or ID number: is 4111 1111 ... blocked",
    holds_account_number,
    pure=True,
)
