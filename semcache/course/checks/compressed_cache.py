"""Checks of lesson 04: an int8 codec, flipped decisions, a miss that equals its hit."""

from collections.abc import Callable
from numbers import Real
from typing import Any

import fakeredis
import numpy as np

from semcache import codecs
from semcache.course.exercises import Exercise
from semcache.course.sent import LATER_TTL, commands_of

OBJECTIVES = {
    "04.a": "quantise a vector to int8 and keep its error within a stated bound",
    "04.b": "count the decisions that a codec changes at a threshold, and choose by them",
    "04.c": "write a miss that returns what a later hit will return",
}

QUESTIONS = (
    "How many bytes does one vector take in your cache today, and in which format?",
    "At your threshold, how many answers would you let a smaller codec change?",
)

_VECTORS = (
    [1.27, -0.5, 0.0],
    [0.05, -0.031, 0.012, 0.0449],
    [-0.18, 0.02, 0.07],  # the largest number is a negative one
    [300.0, -12.5, 7.0],
    [0.1, -0.9, 0.3],  # the largest is not the first
    [0.02, 0.3, -0.5, 0.01, 0.7],
    [3e-8, -1e-7, 5e-8],
    [(-0.995) ** n for n in range(384)],  # so many that one lies at nearly half a step
)


def _verify_quantise(quantise: Callable[[Any], Any]) -> str | None:
    for numbers in _VECTORS:
        vector = np.array(numbers, np.float32)
        given = vector.copy()
        scale, small = quantise(given)
        shown = numbers if len(numbers) < 9 else f"{len(numbers)} numbers up to {max(numbers):g}"
        if not np.array_equal(given, vector):
            return "the caller's vector is changed; it may still be needed."
        if getattr(small, "dtype", None) != np.int8:
            return "the numbers are not an int8 array."
        if small.shape != vector.shape:
            return f"{vector.size} numbers went in and {small.size} came out."
        if np.any((small == -128) & (vector > 0)):
            return f"for {shown} a number changes its sign: 128 does not fit an int8."
        worst = np.abs(small * float(scale) - vector).max()
        bound = np.abs(vector).max() / 254
        if worst > bound * 1.0001:
            return f"for {shown} a number is wrong by {worst:.2g}, over the bound {bound:.2g}."
    try:
        with np.errstate(all="raise"):
            quantise(np.zeros(3, np.float32))
    except (FloatingPointError, ZeroDivisionError):
        return "a vector of zeros makes it divide by zero."
    for zeros in (np.zeros(3, np.float32), np.zeros(5, np.float32)):
        scale, small = quantise(zeros)
        if getattr(small, "dtype", None) != np.int8:
            return "for a vector of zeros the numbers are not an int8 array."
        if not np.array_equal(small * float(scale), zeros):
            return f"a vector of {zeros.size} zeros does not come back as {zeros.size} zeros."
    return None


_Case = tuple[list[float], list[float], float, tuple[int, int], str]


def _verify_flips(flips: Callable[[list[float], list[float], float], Any]) -> str | None:
    cases: list[_Case] = [
        ([0.91, 0.89], [0.89, 0.91], 0.9, (1, 1), "one decision changes in each direction."),
        ([0.95, 0.7], [0.91, 0.8], 0.9, (0, 0), "an error that crosses no threshold is no flip."),
        ([0.89, 0.88, 0.93], [0.91, 0.92, 0.94], 0.9, (2, 0), "two misses became hits."),
        ([0.75, 0.5], [0.5, 0.5], 0.75, (0, 1), "a similarity equal to the threshold is a hit."),
        ([0.5, 0.5], [0.75, 0.5], 0.75, (1, 0), "a similarity equal to the threshold is a hit."),
        ([0.8996, 0.904], [0.9004, 0.8999], 0.9, (1, 1), "four digits decide; do not round."),
        ([0.89999, 0.9], [0.9, 0.89999], 0.9, (1, 1), "the fifth digit decides, too."),
        ([0.75], [0.8], 0.75, (0, 0), "what reached the threshold before was a hit before."),
        ([0.75], [0.75], 0.75, (0, 0), "what does not change is no flip."),
        ([0.8], [0.75], 0.75, (0, 0), "what reaches the threshold after is a hit after."),
        ([0.8999999], [0.9], 0.9, (1, 0), "the seventh digit decides, too: no tolerance."),
        ([-0.2, 0.1], [-0.1, 0.1], -0.15, (1, 0), "a similarity can be negative."),
        ([], [], 0.9, (0, 0), "of no lookups none changes."),
        ([0.8, 0.8], [0.95, 0.95], 0.9, (2, 0), "two lookups alike are two."),
        ([0.5] * 150, [0.5] * 149 + [0.95], 0.9, (1, 0), "the last of 150 lookups changes."),
    ]
    for exact, decoded, threshold, expected, sentence in cases:
        given = list(exact), list(decoded)
        answer = flips(*given, threshold)
        if given != (exact, decoded):
            return "flips changes a list that it is given."
        try:
            gained, lost = answer
        except (TypeError, ValueError):
            return f"return two counts, (gained, lost), not {type(answer).__name__}."
        for count in (gained, lost):
            if not isinstance(count, Real) or isinstance(count, bool):
                return f"a count is a number, not {type(count).__name__}."
        if (gained, lost) != expected:
            lists = f"{exact}, {decoded}" if len(exact) < 9 else f"two lists of {len(exact)}"
            return f"for {lists} and the threshold {threshold}: {sentence}"
    return None


_READS = {"GET", "EXISTS", "TTL", "PTTL", "MGET", "STRLEN", "GETRANGE", "TYPE"}


def _verify_read(read: Callable[..., Any]) -> str | None:
    for name in ("int8", "float16"):
        if fault := _reads_wrongly(read, codecs.get(name)):
            return fault
    return None


def _reads_wrongly(read: Callable[..., Any], codec: Any) -> str | None:
    redis: Any = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    asked: list[str] = []
    sent = commands_of(redis, pipelines=True)
    numbers = [0.0313, -0.05, 0.0127]
    embedded = list(numbers)

    def embed(text: str) -> list[float]:
        asked.append(text)
        return embedded

    first, calls = read(redis, "k", "hello", embed, codec), len(asked)
    for_miss = list(sent)
    second = read(redis, "k", "hello", embed, codec)
    for_hit = sent[len(for_miss) :]
    if asked[:1] != ["hello"] or calls != 1:
        return f"the first read called embed {calls} time(s) instead of once, with the text."
    if len(asked) != 1:
        if redis.get("k") is None:
            return "the second read called embed again: nothing was found under the key."
        return "the second read called embed again, although the vector is stored: look first."
    if set(for_miss) & LATER_TTL:
        return "SET and then EXPIRE: after a crash between them the entry never expires."
    if writes := [command for command in for_hit if command not in _READS]:
        return f"a hit only reads, but the second read sent {writes[0]}."
    if embedded != numbers:
        return "the vector that embed returned is changed; whoever made it may still need it."
    if redis.get("k") != codec.encode(numbers):
        return "what is stored under the key is not what the codec makes of the vector."
    if not np.array_equal(first, second):
        return "the miss and the hit return different numbers."
    if not np.array_equal(second, codec.decode(redis.get("k"))):
        return "the hit does not return what is stored."
    if not 86_399_000 < redis.pttl("k") <= 86_400_000:  # fakeredis cuts SETEX to whole seconds
        return "the entry does not expire after a day."
    return _reads_another(read, codec, redis)


def _reads_another(read: Callable[..., Any], codec: Any, redis: Any) -> str | None:
    """A second text under a second key, beside the first."""
    text, asked = " What is Redis? ", list[str]()

    def embed(given: str) -> list[float]:
        asked.append(given)
        return [0.5, 0.25, -0.125]

    read(redis, "another", text, embed, codec)
    if asked != [text]:
        return f"for the text {text!r} embed was called with {asked}."
    if redis.get("another") != codec.encode([0.5, 0.25, -0.125]):
        return "a second text under a second key is not stored there."
    return None


EXERCISES = (
    Exercise(
        id="04.1",
        objectives=("04.a",),
        name="quantise",
        hint="How wide is one step, so that 127 of them reach the largest absolute number? "
        "astype cuts off; np.rint rounds. And what is the width for a vector of zeros?",
        solution="""
def quantise(vector):
    scale = float(np.abs(vector).max()) / 127 or 1.0
    return scale, np.rint(vector / scale).astype("i1")
""",
        wrong=(
            """
def quantise(vector):
    return 1 / 127, np.rint(np.clip(vector, -1, 1) * 127).astype("i1")
""",
            """
def quantise(vector):
    scale = float(np.abs(vector).max()) / 127 or 1.0
    return scale, (vector / scale).astype("i1")
""",
            """
def quantise(vector):
    scale = float(vector.max()) / 127 or 1.0
    return scale, np.rint(np.clip(vector / scale, -127, 127)).astype("i1")
""",
            """
def quantise(vector):
    scale = float(np.abs(vector).max()) / 128 or 1.0
    return scale, np.rint(vector / scale).astype(int).astype("i1")
""",
            """
def quantise(vector):
    scale = float(np.abs(vector).max()) / 128 or 1.0
    return scale, np.clip(np.rint(vector / scale), -127, 127).astype("i1")
""",
            """
def quantise(vector):
    scale = float(np.abs(vector).max()) / 127
    return scale, np.rint(vector / scale).astype("i1")
""",
            """
def quantise(vector):
    scale = float(np.abs(vector).max()) / 127 or 1.0
    return scale, np.rint(vector / scale)
""",
            """
def quantise(vector):
    scale = float(np.abs(vector).max()) / 126 or 1.0
    return scale, np.rint(vector / scale).astype("i1")
""",
            """
def quantise(vector):
    scale = float(np.abs(vector).max()) / 127 or 1.0
    vector /= scale
    return scale, np.rint(vector).astype("i1")
""",
            """
def quantise(vector):
    if not vector.any():
        return 1.0, np.zeros(3, np.int8)
    scale = float(np.abs(vector).max()) / 127
    return scale, np.rint(vector / scale).astype("i1")
""",
        ),
        verify=_verify_quantise,
    ),
    Exercise(
        id="04.2",
        objectives=("04.b",),
        name="flips",
        hint="zip goes through both lists together. Was it a hit before, is it one after, and "
        "which combination is a gain?",
        solution="""
def flips(exact, decoded, threshold):
    gained = lost = 0
    for before, after in zip(exact, decoded):
        if before < threshold <= after:
            gained += 1
        if after < threshold <= before:
            lost += 1
    return gained, lost
""",
        wrong=(
            """
def flips(exact, decoded, threshold):
    change = int((np.array(decoded) >= threshold).sum() - (np.array(exact) >= threshold).sum())
    return max(change, 0), max(-change, 0)
""",
            """
def flips(exact, decoded, threshold):
    before, after = np.array(exact) > threshold, np.array(decoded) > threshold
    return int((~before & after).sum()), int((before & ~after).sum())
""",
            """
def flips(exact, decoded, threshold):
    pairs = list(zip(exact, decoded))
    return sum(a <= threshold <= b for a, b in pairs), sum(b < threshold <= a for a, b in pairs)
""",
            """
def flips(exact, decoded, threshold):
    pairs = list(zip(exact, decoded))
    return sum(a < threshold <= b for a, b in pairs), sum(b <= threshold < a for a, b in pairs)
""",
            """
def flips(exact, decoded, threshold):
    pairs = list(zip(exact, decoded))[:100]
    return sum(a < threshold <= b for a, b in pairs), sum(b < threshold <= a for a, b in pairs)
""",
            """
def flips(exact, decoded, threshold):
    pairs = [(max(a, 0), max(b, 0)) for a, b in zip(exact, decoded)]
    return sum(a < threshold <= b for a, b in pairs), sum(b < threshold <= a for a, b in pairs)
""",
            """
def flips(exact, decoded, threshold):
    limit, pairs = threshold - 1e-6, list(zip(exact, decoded))
    return sum(a < limit <= b for a, b in pairs), sum(b < limit <= a for a, b in pairs)
""",
            """
def flips(exact, decoded, threshold):
    before, after = np.array(exact) >= threshold, np.array(decoded) >= threshold
    return int((before & ~after).sum()), int((~before & after).sum())
""",
            """
def flips(exact, decoded, threshold):
    change = np.array(decoded) - np.array(exact)
    return int((change > 0).sum()), int((change < 0).sum())
""",
            """
def flips(exact, decoded, threshold):
    before, after = np.round(exact, 2) >= threshold, np.round(decoded, 2) >= threshold
    return int((~before & after).sum()), int((before & ~after).sum())
""",
        ),
        verify=_verify_flips,
    ),
    Exercise(
        id="04.3",
        objectives=("04.c",),
        name="read",
        hint="Let both ways end in the same line: one that decodes a blob.",
        solution="""
def read(redis, key, text, embed, codec):
    blob = redis.get(key)
    if blob is None:
        blob = codec.encode(embed(text))
        redis.set(key, blob, ex=86_400)
    return codec.decode(blob)
""",
        wrong=(
            """
def read(redis, key, text, embed, codec):
    blob = redis.get(key)
    if blob is not None:
        return codec.decode(blob)
    vector = np.float32(embed(text))
    redis.set(key, codec.encode(vector), ex=86_400)
    return vector
""",
            """
def read(redis, key, text, embed, codec):
    return codec.decode(codec.encode(embed(text)))
""",
            """
def read(redis, key, text, embed, codec):
    blob = redis.get(key)
    if blob is None:
        blob = np.float32(embed(text)).tobytes()
        redis.set(key, blob, ex=86_400)
    return np.frombuffer(blob, np.float32)
""",
            """
def read(redis, key, text, embed, codec):
    blob = redis.get(key)
    if blob is None:
        blob = codec.encode(embed(text))
        redis.set(key, blob)
    return codec.decode(blob)
""",
            """
def read(redis, key, text, embed, codec):
    codec = codecs.get("int8")
    blob = redis.get(key)
    if blob is None:
        blob = codec.encode(embed(text))
        redis.set(key, blob, ex=86_400)
    return codec.decode(blob)
""",
            """
def read(redis, key, text, embed, codec):
    blob = redis.get(key)
    if blob is None:
        blob = codec.encode(embed(text))
        redis.set(key, blob)
        redis.expire(key, 86_400)
    return codec.decode(blob)
""",
            """
def read(redis, key, text, embed, codec):
    blob = redis.get(key)
    if blob is None:
        blob = codec.encode(embed(text))
    redis.set(key, blob, ex=86_400)
    return codec.decode(blob)
""",
            """
def read(redis, key, text, embed, codec):
    blob = redis.get(key)
    if blob is None:
        vector = embed(text)
        blob = codec.encode(vector)
        vector[:] = codec.decode(blob)
        redis.set(key, blob, ex=86_400)
    return codec.decode(blob)
""",
        ),
        verify=_verify_read,
    ),
)
