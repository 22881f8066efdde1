"""Rule: a secret: a password, an API key, a token, a private key.

What it misses: a password of letters alone ("my password is swordfish"), one that is not called a
password, keys of makers that this list does not know if they are shorter than 32 characters or of
hexadecimal digits alone (so are commit ids), secrets spelled out or cut in pieces.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from semcache.sharing.rule import Rule, compiled, normal

__all__ = ["SECRET", "holds_secret", "secrets_in"]

# Each begins where a word does, so that no character is read by many attempts.
_KNOWN = compiled(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY|"
    r"(?<![\w-])(?:"
    r"eyJ[\w-]{8,}\.eyJ[\w-]{4,}\.|"  # a JSON Web Token
    r"sk-(?:[a-z]{1,12}-){0,3}[A-Za-z0-9_-]{16,}|[sr]k_(?:live|test)_\w{10,}|whsec_\w{16,}|"
    r"gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|"
    r"A(?:KIA|SIA)[A-Z0-9]{16}|AIza[\w-]{30,}|ya29\.[\w-]{20,}|hf_[A-Za-z0-9]{20,}|"
    r"npm_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|LTAI[A-Za-z0-9]{12,}|"
    r"AKID[A-Za-z0-9]{16,}|shp(?:at|ss)_[a-f0-9]{20,}|dckr_pat_[\w-]{20,}|AGE-SECRET-KEY-1\w{20,})|"
    r"://[^\s/:@]{1,64}:[^\s/@]{1,128}@",  # a password in an address
    flags=re.ASCII,
)
_NUMERIC = (
    r"pass(?:word|wd|code|phrase)|pwd|pin(?: ?code)?|otp|cvv2?|cvc2?|密码|口令|验证码|校验码|动态码"
)
_NAMED = compiled(
    rf"(?<![a-z])(?:(?P<numeric>{_NUMERIC})|secret|token|bearer|密钥|私钥|令牌|"
    r"(?:api|access|auth|refresh|private|client|secret|encryption)[ _-]?(?:key|token|secret))"
    r"(?:s?[\"']?\s{0,3}(?:[:=]|\bis\b|\bwas\b|为|就?是|[改设]成了?)\s{0,3}(?:now )?|(?<=bearer) )"
    r"(?P<quote>[\"'`“]?)(?P<value>[!-~]{3,200})",
    flags=re.IGNORECASE,
)
_TAIL = ".,;:?!)]}'\"`"
_DESCRIBED = compiled(
    r"\d{1,3}\+?[-–]|(?:sha|md5|utf|oauth|base|aes|rsa|http|v\d)|[<${*\[(]|x{3,}|\.\.\.",
    flags=re.IGNORECASE,
)
_LONG = compiled(r"[A-Za-z0-9_+=-]{32,}")
_UP_TO_BLANK = compiled(r"\S*")
_END_OF_KEY = compiled(r"(?s:.*?)(?:-----END [A-Z ]{0,40}-----|\Z)")
_CLASSES = str.maketrans(
    {**dict.fromkeys(map(chr, range(97, 123)), "a"), **dict.fromkeys(map(chr, range(65, 91)), "A")}
    | dict.fromkeys("0123456789", "0")
)


def holds_secret(text: str) -> bool:
    """Return whether a secret stands in a text of any length.

    Example:
        >>> holds_secret("my password is hunter2, why"), holds_secret("my password is wrong, why")
        (True, False)
        >>> holds_secret("密码是abc123"), holds_secret("密码是几位")
        (True, False)
    """
    return next(secrets_in(normal(text)), None) is not None


def secrets_in(typed: str) -> Iterator[tuple[int, int]]:
    """Yield where each of them begins and ends in a text that is normal.

    Of a key whose beginning is known, all up to the next blank is meant; of a private key in
    lines, all up to its end.

    Example:
        >>> [slice(*place) for place in secrets_in("my password is hunter2, why")]
        [slice(15, 22, None)]
    """
    for found in _KNOWN.finditer(typed):
        ending = _END_OF_KEY if found[0].startswith("-----") else _UP_TO_BLANK
        rest = ending.match(typed, found.end())
        yield found.start(), rest.end() if rest else found.end()
    for found in _NAMED.finditer(typed):
        value = found["value"].rstrip(_TAIL)
        if _is_value(value, bool(found["numeric"])):
            yield found.start("value"), found.start("value") + len(value)
    for found in _LONG.finditer(typed):
        if _is_random(found[0]):
            yield found.span()


def _is_value(value: str, numeric: bool) -> bool:
    if _DESCRIBED.match(value):
        return False
    if value.isdigit():
        return numeric and 3 <= len(value) <= 12
    letters = any(map(str.isalpha, value))
    digits = any(map(str.isdigit, value))
    return len(value) >= 6 and letters and (digits or any(c in "!@#$%^&*?~+" for c in value))


def _is_random(run: str) -> bool:
    """Whether a long run of letters and digits changes so often that nobody wrote it."""
    kinds = run.translate(_CLASSES)
    if not {"a", "A", "0"} <= set(kinds):
        return False
    return sum(one != other for one, other in pairwise(kinds)) > len(run) / 4


SECRET = Rule("secret", "a password, key or token: my password is ...", holds_secret, pure=True)
