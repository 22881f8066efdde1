"""Numbers that prove themselves: payment cards, IBANs, Chinese ID cards."""

from datetime import date

__all__ = ["iban_length", "is_card", "is_chinese_id", "is_iban"]

# Characters of an IBAN, country by country.
_IBAN_LENGTHS = {
    **dict.fromkeys(["NO"], 15),
    **dict.fromkeys(["BE"], 16),
    **dict.fromkeys(["DK", "FK", "FO", "FI", "GL", "NL", "SD"], 18),
    **dict.fromkeys(["MK", "SI"], 19),
    **dict.fromkeys(["AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"], 20),
    **dict.fromkeys(["CH", "HR", "LI", "LV"], 21),
    **dict.fromkeys(["BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"], 22),
    **dict.fromkeys(["AE", "GI", "IL", "IQ", "OM", "SO", "TL"], 23),
    **dict.fromkeys(["AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"], 24),
    **dict.fromkeys(["LY", "PT", "ST"], 25),
    **dict.fromkeys(["IS", "TR"], 26),
    **dict.fromkeys(["BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"], 27),
    **dict.fromkeys(["AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"], 28),
    **dict.fromkeys(["BR", "EG", "PS", "QA", "UA"], 29),
    **dict.fromkeys(["JO", "KW", "MU"], 30),
    **dict.fromkeys(["MT", "SC"], 31),
    **dict.fromkeys(["LC"], 32),
    **dict.fromkeys(["RU"], 33),
}
_DOUBLED = str.maketrans("0123456789", "0246813579")
_AS_NUMBERS = str.maketrans({chr(ord("A") + at): str(10 + at) for at in range(26)})
_WEIGHTS = tuple(2**place % 11 for place in range(17, -1, -1))


def is_card(digits: str) -> bool:
    """Return whether digits are a payment card's number: 13 to 19, an issuer's prefix, Luhn.

    Example:
        >>> is_card("4111111111111111"), is_card("4111111111111112")
        (True, False)
    """
    if not 13 <= len(digits) <= 19 or not (digits.isascii() and digits.isdigit()):
        return False
    if not ("30" <= digits[:2] <= "69" or "22" <= digits[:2] < "28"):
        return False
    weighted = digits[::-2] + digits[-2::-2].translate(_DOUBLED)
    return (sum(weighted.encode()) - len(digits) * ord("0")) % 10 == 0


def iban_length(country: str) -> int:
    """Return how long an IBAN of a country is, 0 if it has none.

    Example:
        >>> iban_length("DE"), iban_length("US")
        (22, 0)
    """
    return _IBAN_LENGTHS.get(country, 0)


def is_iban(text: str) -> bool:
    """Return whether a text without spaces, in capitals, is an IBAN: its length and its checksum.

    Example:
        >>> is_iban("DE89370400440532013000"), is_iban("DE89370400440532013001")
        (True, False)
    """
    if len(text) != iban_length(text[:2]) or not (text.isascii() and text.isalnum()):
        return False
    return int((text[4:] + text[:4]).upper().translate(_AS_NUMBERS)) % 97 == 1


def is_chinese_id(text: str) -> bool:
    """Return whether 18 characters are a resident's ID number: a date of birth, ISO 7064 checksum.

    Example:
        >>> is_chinese_id("11010519491231002X"), is_chinese_id("110105194912310020")
        (True, False)
    """
    if len(text) != 18 or not (
        text.isascii() and text[:17].isdigit() and text[17] in "0123456789Xx"
    ):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    values = [*map(int, text[:17]), 10 if text[17] in "Xx" else int(text[17])]
    total = sum(value * weight for value, weight in zip(values, _WEIGHTS, strict=True))
    return total % 11 == 1 and text[:1] != "0"
