"""Checks of lesson 10: what a search reads and misses, which index fits, what a dead node costs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from semcache.course.exercises import Exercise

OBJECTIVES = {
    "10.a": "say what one lookup reads, and how that grows with the cache",
    "10.b": "measure what an approximate search misses, and say what a miss costs",
    "10.c": "choose an index for a size of your own",
    "10.d": "say which keys a cluster keeps together, and what a dead node costs",
}

QUESTIONS = (
    "How many answers will your largest scope hold, and how many processes look them up?",
    "Which of your scopes could outgrow a node, and how would you notice before it does?",
)

# Two questions lie at the first row, which is stored twice; one at the third, one at the fourth.
_BLOCK = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0.6, 0.8]], np.float32)
_ASKED = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 1, 0], [0, 0, 1]], np.float32)

# For each question the row that a search returns and how many it compared; the share of the rows
# compared and the recall; what is wrong otherwise.
_Found = tuple[tuple[int, int], ...]
_SEARCHES: tuple[tuple[_Found, tuple[float, float], str], ...] = (
    (
        ((0, 4), (0, 4), (2, 4), (3, 4)),
        (1.0, 1.0),
        "a search that compares all rows and always finds the nearest gives (1.0, 1.0).",
    ),
    (
        ((0, 1), (2, 1), (3, 1), (3, 1)),
        (0.25, 0.5),
        "one of four rows compared is a share of 0.25; for two of four questions the row that is "
        "returned is not the nearest: 0.5.",
    ),
    (
        ((1, 1), (1, 3), (2, 4), (3, 2)),
        (0.625, 1.0),
        "one, three, four and two of four rows are 0.625 in the mean; two equal rows are equally "
        "near: either of them is the nearest.",
    ),
    (
        ((2, 2), (2, 2), (0, 2), (0, 2)),
        (0.5, 0.0),
        "a search that never finds the nearest row has a recall of 0.0.",
    ),
    (
        ((0, 2), (0, 2), (3, 2), (3, 2)),
        (0.5, 0.75),
        "a row that is near, but not the nearest, is not found.",
    ),
    (((0, 4), (0, 2)), (0.75, 1.0), "the mean is over the questions, of which there may be two."),
    (
        ((0, 1), (0, 1), (3, 4)),
        (0.5, 2 / 3),
        "one, one and four of four rows are 0.5 in the mean; two of three are found, unrounded.",
    ),
)


def _verify_measure(measure: Callable[..., Any]) -> str | None:
    for answers, right, complaint in _SEARCHES:
        questions = _ASKED[: len(answers)]
        known = {tuple(q.tolist()): answer for q, answer in zip(questions, answers, strict=True)}

        searches: list[Any] = []

        def find(
            question: Any,
            known: dict[Any, tuple[int, int]] = known,
            searches: list[Any] = searches,
        ) -> tuple[int, int]:
            searches.append(question)
            return known[tuple(np.asarray(question).tolist())]

        found = measure(find, _BLOCK.copy(), questions.copy())
        pair = isinstance(found, tuple | list | np.ndarray) and len(found) == 2
        if not pair or not all(0 <= share <= 1 for share in found):
            return "it is to return two shares, each from 0 to 1."
        if not np.allclose(found, right):
            return complaint
        if len(searches) != len(questions):
            return f"{len(questions)} questions took {len(searches)} searches: one for each."
    return _verify_recall(measure)


def _verify_recall(measure: Callable[..., Any]) -> str | None:
    """What needs rows of its own: near ties, many questions, sums in float32."""
    close = np.array([[1, 0, 0], [0.999, 0.0447, 0]], np.float32)
    if not np.allclose(measure(lambda question: (1, 2), close, close[:1]), (1, 0)):
        return "a row that is 0.001 less similar is not the nearest: allow 0.000001."
    close = np.array([[1, 0, 0], [1 - 4e-6, 0.002828, 0]], np.float32)
    if not np.allclose(measure(lambda question: (1, 2), close, close[:1]), (1, 0)):
        return "a row that is 0.000004 less similar is not the nearest: allow 0.000001."
    turn = np.linspace(0, 3, 24)
    many = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
    last = len(many) - 1  # found for one question of 24, the last
    if not np.allclose(measure(lambda question: (last, 6), many, many), (0.25, 1 / 24)):
        return "of 24 questions, for each of which the same row is returned, all count."
    # A product of the whole block and that of one row differ in their last digits.
    rows_ = np.random.default_rng(1).standard_normal((300, 384)).astype(np.float32)
    rows_ /= np.linalg.norm(rows_, axis=1, keepdims=True)

    def exact(question: Any) -> tuple[int, int]:
        return int((rows_ @ question).argmax()), len(rows_)

    if not np.allclose(measure(exact, rows_, rows_), (1, 1)):
        return "an exact search has a recall of 1.0; allow for the last digits of a float32 sum."
    return None


_KINDS = ("matrix", "vector set")

# entries, dims, spare, node, an entry with a matrix, with a vector set; the index and the bytes
# to plan in each process; what is wrong
_SIZES: tuple[tuple[tuple[int, ...], tuple[str, int], str], ...] = (
    (
        (10_000, 1_536, 200_000_000, 80_000_000, 4_000, 6_000),
        ("matrix", 122_880_000),
        "10,000 rows of 1,536 numbers in float32 are 61,440,000 bytes; twice that fits.",
    ),
    (
        (10_000, 1_000, 80_000_000, 8_000_000_000, 4_000, 6_000),
        ("matrix", 80_000_000),
        "twice a matrix of 40 MB fills exactly the 80 MB that may be spent: it fits.",
    ),
    (
        (10_000, 1_000, 79_999_999, 60_000_000, 4_000, 6_000),
        ("vector set", 0),
        "with a byte too little in the processes the vectors belong on the server, whose 60 MB "
        "are just enough; a process then holds nothing.",
    ),
    (
        (1_000_000, 1_536, 1_000_000_000, 5_000_000_000, 3_760, 6_121),
        ("divide", 0),
        "a million entries with a vector set take 6,121 MB, on a server of 5,000: they do not fit "
        "there, and a matrix does not fit into the process.",
    ),
    (
        (1_000_000, 1_536, 1_000_000_000, 6_121_000_000, 3_760, 6_121),
        ("vector set", 0),
        "a million entries with a vector set take 6,121 MB, and the server has just that.",
    ),
    (
        (10_000, 1_000, 80_000_000, 40_000_000, 4_000, 6_000),
        ("matrix", 80_000_000),
        "with a matrix the server holds the entries in 40 MB, which are just enough; that a vector "
        "set would need 60 MB is no matter.",
    ),
    (
        (10_000, 1_000, 80_000_000, 39_999_999, 4_000, 6_000),
        ("divide", 0),
        "the matrix fits into the process, but its entries do not fit on the server.",
    ),
    (
        (10_000, 1_000, 80_000_000, 39_999_999, 4_000, 3_000),
        ("vector set", 0),
        "where an entry with a vector set takes less, that one may fit on the server alone.",
    ),
    (
        (200_000, 64, 200_000_000, 8_000_000_000, 500, 900),
        ("matrix", 102_400_000),
        "200,000 rows of 64 numbers in float32 are 51,200,000 bytes; twice that fits.",
    ),
    (
        (501, 385, 2_000_000, 8_000_000_000, 2_000, 3_000),
        ("matrix", 1_543_080),
        "501 rows of 385 numbers in float32 are 771,540 bytes; twice that fits, to the byte.",
    ),
)


def _verify_choose(choose: Callable[..., Any]) -> str | None:
    for (*sizes, as_matrix, as_set), right, complaint in _SIZES:
        found = choose(*sizes, dict(zip(_KINDS, (as_matrix, as_set), strict=True)))
        pair = isinstance(found, tuple | list) and len(found) == 2
        if not pair or not isinstance(found[0], str):
            return "it is to return a pair: the name of the index, the bytes to plan in a process."
        if found[0] not in {"matrix", "vector set", "divide"}:
            return f"{found[0]!r} is none of the three names."
        if found[0] != right[0] or float(found[1]) != right[1]:
            return complaint
    return None


# Slots: a 15495, b 3300, c 7365, s5886 5461, s1845 10922, tenant%3A11 1721 (tenant:11 without
# the encoding: 9562).
# Each row: hits, dead, nodes, the share left, what is wrong.
_CLUSTERS: tuple[tuple[dict[str, int], int, int, float, str], ...] = (
    (
        {"a": 600, "b": 300, "c": 100},
        0,
        3,
        0.7,
        "node 0 of 3 serves b, with 300 of 1,000 hits; the rest is left.",
    ),
    ({"a": 600, "b": 300, "c": 100}, 2, 3, 0.4, "node 2 of 3 serves a, with 600 of 1,000 hits."),
    ({"b": 300, "a": 600, "c": 100}, 2, 3, 0.4, "the order of the scopes decides nothing."),
    ({"a": 600, "b": 300, "c": 100}, 1, 2, 0.4, "node 1 of 2 serves the upper half of the slots."),
    ({"a": 50, "b": 50}, 1, 3, 1.0, "node 1 of 3 serves neither a nor b: all hits are left."),
    (
        {"tenant:11": 10, "a": 30},
        2,
        4,
        1.0,
        "the keys of 'tenant:11' have another slot: keys.scope_prefix makes their beginning.",
    ),
    (
        {"s5886": 1, "s1845": 1, "a": 1},
        0,
        3,
        2 / 3,
        "s5886 has slot 5461, and 5461 * 3 // 16_384 is 0: two of three hits are left, unrounded.",
    ),
    (
        {"s17619": 3, "b": 1},
        5,
        7,
        1.0,
        "s17619 has slot 14044, and 14044 * 7 // 16_384 is 6: node 5 of 7 serves none of the two.",
    ),
    (
        {"b": 10, "c": 10, "a": 10, "s1845": 10},
        1,
        3,
        0.5,
        "of four scopes node 1 of 3 serves two: c and s1845.",
    ),
)


def _verify_hits_left(hits_left: Callable[..., Any]) -> str | None:
    for hits, dead, nodes, right, complaint in _CLUSTERS:
        found = hits_left(dict(hits), dead, nodes)
        if not isinstance(found, int | float | np.number) or not 0 <= found <= 1:
            return "a share is one number from 0 to 1."
        if not np.isclose(found, right):
            return complaint
    return None


_NEAR = "found += similarities[row] >= similarities.max() - 1e-6"
_MEASURE = f"""
def measure(find, block, asked):
    compared = found = 0
    for question in asked:
        row, count = find(question)
        similarities = block @ question
        compared += count
        {_NEAR}
    return compared / len(block) / len(asked), found / len(asked)
"""

_CHOOSE = """
def choose(entries, dims, spare, node, stored):
    planned = 8 * dims * entries
    if planned <= spare and entries * stored["matrix"] <= node:
        return "matrix", planned
    if entries * stored["vector set"] <= node:
        return "vector set", 0
    return "divide", 0
"""

EXERCISES = (
    Exercise(
        id="10.1",
        objectives=("10.a", "10.b"),
        name="measure",
        hint="The rows may differ and be equally near. Compare the similarity of what was found "
        "with the largest one, with 0.000001 of room for the order of a sum.",
        solution=_MEASURE,
        wrong=(
            _MEASURE.replace(_NEAR, "found += row == similarities.argmax()"),
            _MEASURE.replace(_NEAR, "found += similarities[row]"),
            _MEASURE.replace(_NEAR, "found += similarities[row] >= 0.6"),
            _MEASURE.replace("1e-6", "1e-2"),
            _MEASURE.replace("found / len(asked)", "100 * found / len(asked)"),
            _MEASURE.replace("found / len(asked)", "found / len(block)"),
            _MEASURE.replace("compared / len(block) /", "compared /"),
            _MEASURE.replace("compared / len(block) / len(asked)", "compared / len(block)"),
            _MEASURE.replace("compared += count", "compared = count * len(asked)"),
            _MEASURE.replace("compared += count", "compared += len(block)"),
            _MEASURE.replace("1e-6", "1e-5"),
            _MEASURE.replace("find(question)", "find(question)[0], find(question)[1]"),
            _MEASURE.replace("    compared =", "    asked = asked[:10]\n    compared ="),
            _MEASURE.replace("found / len(asked)", "round(found / len(asked), 3)"),
            """
def measure(find, block, asked):
    rows, counts = zip(*(find(question) for question in asked))
    nearest = [(block @ q)[row] >= (block @ q).max() - 1e-6 for q, row in zip(asked, rows)]
    return np.median(counts) / len(block), np.mean(nearest)
""",
        ),
        verify=_verify_measure,
    ),
    Exercise(
        id="10.2",
        objectives=("10.c",),
        name="choose",
        hint="A matrix has to fit twice over: its entries on the server, itself in the process, "
        "where float32 takes 4 bytes a number. A vector set has only the server to fit on.",
        solution=_CHOOSE,
        wrong=(
            _CHOOSE.replace("planned <= spare", "entries < 100_000"),
            _CHOOSE.replace("planned <= spare", "planned < spare"),
            _CHOOSE.replace("planned <= spare", "planned // 2 <= spare"),
            _CHOOSE.replace("planned <= spare", "entries < 100_000 and planned <= spare"),
            _CHOOSE.replace("planned <= spare and ", ""),
            _CHOOSE.replace("8 * dims", "4 * dims"),
            _CHOOSE.replace("8 * dims", "2 * dims"),
            _CHOOSE.replace('["matrix"] <= node', '["matrix"] < node'),
            _CHOOSE.replace('["vector set"] <= node', '["vector set"] < node'),
            _CHOOSE.replace(' and entries * stored["matrix"] <= node', ""),
            _CHOOSE.replace('entries * stored["matrix"] <= node', "planned <= node"),
            # one size for both indexes
            _CHOOSE.replace('stored["vector set"]', 'stored["matrix"]'),
            _CHOOSE.replace('stored["matrix"]', 'stored["vector set"]'),
            _CHOOSE.replace('"vector set", 0', '"vector set", planned'),
            _CHOOSE.replace('"matrix", planned', '"matrix", round(planned, -3)'),
            _CHOOSE.replace('return "divide", 0', 'return "vector set", 0'),
        ),
        verify=_verify_choose,
    ),
    Exercise(
        id="10.3",
        objectives=("10.d",),
        name="hits_left",
        hint="key_slot takes bytes. Every key of a scope begins with keys.scope_prefix(scope), "
        "and that is enough to know its slot.",
        solution="""
def hits_left(hits, dead, nodes):
    left = 0
    for scope, count in hits.items():
        slot = key_slot(keys.scope_prefix(scope).encode())
        left += count * (slot * nodes // 16_384 != dead)
    return left / sum(hits.values())
""",
        wrong=(
            """
def hits_left(hits, dead, nodes):
    return 1 - 1 / nodes
""",
            """
def hits_left(hits, dead, nodes):
    left = 0
    for scope, count in hits.items():
        left += count * (key_slot(keys.scope_prefix(scope).encode()) % nodes != dead)
    return left / sum(hits.values())
""",
            """
def hits_left(hits, dead, nodes):
    slots = [key_slot(keys.scope_prefix(scope).encode()) for scope in hits]
    return np.mean([slot * nodes // 16_384 != dead for slot in slots])
""",
            """
def hits_left(hits, dead, nodes):
    left = 0
    for scope, count in hits.items():
        left += count * (key_slot(scope.encode()) * nodes // 16_384 != dead)
    return left / sum(hits.values())
""",
            """
def hits_left(hits, dead, nodes):
    lost = 0
    for scope, count in hits.items():
        slot = key_slot(keys.scope_prefix(scope).encode())
        lost += count * (slot * nodes // 16_384 == dead)
    return lost / sum(hits.values())
""",
            # a node's slots, rounded up
            """
def hits_left(hits, dead, nodes):
    slots = {scope: key_slot(keys.scope_prefix(scope).encode()) for scope in hits}
    left = [hits[scope] for scope, slot in slots.items() if slot // -(-16_384 // nodes) != dead]
    return sum(left) / sum(hits.values())
""",
            """
def hits_left(hits, dead, nodes):
    hits = dict(list(hits.items())[:3])
    left = 0
    for scope, count in hits.items():
        left += count * (key_slot(keys.scope_prefix(scope).encode()) * nodes // 16_384 != dead)
    return left / sum(hits.values())
""",
            """
def hits_left(hits, dead, nodes):
    left = [count for i, count in enumerate(hits.values()) if i % nodes != dead]
    return sum(left) / sum(hits.values())
""",
        ),
        verify=_verify_hits_left,
    ),
)
