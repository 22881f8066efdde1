"""Look for two pairs of names to which a function of names gives one scope. Lessons 12 and 02.

Whoever writes such a function has a few tricks: something between the parts, their lengths, an
escape, a hash. So the search asks what the function puts between and around two plain names, and
makes of that the names that would break it. What it finds is a proof; that it finds nothing is
none, but plain mistakes are found in less than a second.
"""

import math
import string
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, product
from random import Random

__all__ = ["bits_of", "room", "two_alike"]

Names = tuple[str, str]
Build = Callable[[str, str], str]

_LETTERS, _DIGITS = string.ascii_letters, string.digits
_LONG = 1_003
_CUTS = (1, 2, 3, 9, 10, 11, 12, 20, 64, 65, 99, 100, 101, 102, 255, 256, 257, 999, 1_000, 1_001)
_SIZES = (20, 32, 64, 65, 100, 101, 255, 1_000, 5_000)  # at which somebody might cut
_SIGNS = ":/|-_,;#. "
_FEW, _MOST = 6, 30_000  # pieces that names are made of, and pairs of such names
_SAMPLE = 2_000


def two_alike(build: Build) -> tuple[Names, Names] | None:
    """Return two pairs of names that have one scope, if the search finds some.

    Example:
        >>> two_alike(lambda tenant, audience: f"{tenant}{audience}{len(tenant)}")
        (('abcdefghijk', 'l'), ('a', 'bcdefghijkl1'))
        >>> two_alike(lambda tenant, audience: f"{len(tenant)}:{tenant}{audience}") is None
        True
    """
    seen: dict[str, Names] = {}
    for names in chain(
        _divided(), _of_every_script(), _cut_off(), _encoded(build), _of_pieces(build),
        _around_a_middle(build), _read_otherwise(build), _behind_a_hash(),
    ):  # fmt: skip
        before = seen.setdefault(build(*names), names)
        if before != names:
            return before, names
    return None


def room(build: Build) -> int:
    """Return for how many bits the scopes have room, at most, as each name varies by itself.

    Example:
        >>> from zlib import crc32
        >>> room(lambda tenant, audience: f"{crc32((tenant + audience).encode()):08x}")
        32
    """
    draw = Random(12)
    names = [f"{draw.getrandbits(128):032x}" for _ in range(_SAMPLE)]
    both = ([build(name, "z") for name in names], [build("q", name) for name in names])
    return min(map(bits_of, both))


def bits_of(texts: Sequence[str]) -> int:
    """Return for how many bits texts have room, at most, by the characters that vary in each place.

    Example:
        >>> bits_of(["a0", "a1", "b0", "b1"]), bits_of(["a0", "a1"])
        (2, 1)
    """
    longest = max(map(len, texts))
    places = zip(*(text.rjust(longest) for text in texts), strict=True)
    return int(sum(math.log2(len(set(place))) for place in places) + 1e-9)


def _divided() -> Iterator[Names]:
    """One text, divided at each place: what runs together, or goes by a length, meets here."""
    for size in range(2, 26):
        for before, after in (("", ""), *((d, "") for d in _DIGITS), *(("", d) for d in _DIGITS)):
            text = f"{before}{_LETTERS[:size]}{after}"
            yield from ((text[:at], text[at:]) for at in range(1, len(text)))
    for digit in ("", *_DIGITS):
        text = digit + "x" * _LONG
        yield from ((text[:at], text[at:]) for at in (_CUTS if digit else range(1, _LONG)))


def _of_every_script() -> Iterator[Names]:
    """Names that differ in one character: what is folded, dropped or replaced meets here."""
    letters = [chr(n) for n in (*range(1, 0x250), *range(0x391, 0x460), *range(0x4E00, 0x4E80))]
    letters += "ﬁ①²Ａ１㈱\u200b\ufeff\u3000\u0301😀😁𝐀客租户戶"
    letters += ["e\u0301", "fi", "ss", "客户", "租户"]
    for letter in letters:
        yield from ((letter, "z"), ("q", letter), (f"a{letter}", "z"), (f"{letter}a", "z"))
    yield from ((f"a{space}b", "z") for space in ("", " ", "  ", "\t", "\n", "\u00a0"))


def _cut_off() -> Iterator[Names]:
    """Long names that differ in their first, middle or last character."""
    for size in _SIZES:
        same = "x" * size
        for one in "ab":
            for name in (f"{same}{one}", f"{one}{same}", f"{same}{one}{same}"):
                yield from ((name, "z"), ("z", name))
            yield from ((same, one), (one, same))


def _encoded(build: Build) -> Iterator[Names]:
    """Signs, and what the function writes for each."""
    for sign in string.punctuation:
        for name in (f"q{sign}q", f"q{_written(build, sign)}q"):
            yield from ((name, "z"), ("z", name))


def _written(build: Build, sign: str) -> str:
    """Return what stands for a sign in a scope, or the sign if that cannot be told."""
    parts = build(f"q{sign}q", "z").split("q")
    return parts[1] if len(parts) > 2 and parts[1] else sign


def _of_pieces(build: Build) -> Iterator[Names]:
    """All short names made of what the function puts beside names, and of how it escapes that."""
    beside = [sign for sign in dict.fromkeys(build("q", "z")) if sign not in "qz"]
    codes = [_written(build, sign) for sign in beside]
    tails = [code.partition(sign)[2] for sign, code in zip(beside, codes, strict=True)]
    known = dict.fromkeys(filter(None, ["a", *beside, *codes, *tails, *"".join(codes)]))
    pieces = list(known)[:_FEW] if len(known) > 1 else ["a", "1"]
    pairs = 0
    for total in range(2, 10):
        pairs += (total - 1) * len(pieces) ** total
        if pairs > _MOST:
            return
        for chosen in product(pieces, repeat=total):
            yield from (
                ("".join(chosen[:at]), "".join(chosen[at:])) for at in range(1, len(chosen))
            )


def _around_a_middle(build: Build) -> Iterator[Names]:
    """``(p, q + middle + r)`` and ``(p + middle + q, r)``, where a middle may tell a length."""
    for p, q, r in product(("q", "q" * 10), ("", "y", "y" * 9), ("z", "z" * 11)):
        short, long = (p, r), (p, r)
        for _ in range(6):  # each middle depends on the names that it makes longer
            before, after = _middle(build, *short), _middle(build, *long)
            if before is None or after is None:
                return
            short, long = (p, f"{q}{after}{r}"), (f"{p}{before}{q}", r)
            yield from (short, long)


def _behind_a_hash() -> Iterator[Names]:
    """The same for what a hash hides: lengths with one of the usual signs beside them."""
    for sign in _SIGNS:
        for left, right in ((sign, sign), (sign, ""), ("", sign)):
            yield from _around_a_middle(
                lambda tenant, audience, left=left, right=right: (  # type: ignore[misc]
                    f"{tenant}{left}{len(tenant)}{right}{audience}"
                )
            )


def _middle(build: Build, tenant: str, audience: str) -> str | None:
    frame = _frame(build, tenant, audience)
    return None if frame is None else build(tenant, audience)[frame[0] + len(tenant) :][: frame[1]]


def _frame(build: Build, tenant: str, audience: str) -> tuple[int, int, int] | None:
    """Return how much stands before, between and behind two names, if they stand there at all."""
    scope = build(tenant, audience)
    first, last = scope.find(tenant), scope.rfind(audience)
    between = last - first - len(tenant)
    if first < 0 or between < 0:
        return None
    return first, between, len(scope) - last - len(audience)


def _read_otherwise(build: Build) -> Iterator[Names]:
    """Names with numbers in them, and all pairs that their scopes could be read as, too."""
    sizes = (1, 2, 11, 12)
    found = [_frame(build, "q" * n, "z" * m) for n, m in product(sizes, sizes)]
    frames = {frame for frame in found if frame is not None}
    if len(frames) < 2 or None in found:  # nothing in the scopes goes by a length
        return
    for tenant, size, number, end in product("x12", range(12), (1, 2, 3, 11, 12, 13), ("", "y")):
        names = tenant, f"{'x' * size}{number}{end}"
        scope = build(*names)
        yield names
        for before, between, behind in frames:
            whole = scope[before : len(scope) - behind]
            for at in range(1, len(whole) - between):
                yield whole[:at], whole[at + between :]
