"""Checks of lesson 05: copies, a size from a log, how long a deleted entry is served."""

from collections.abc import Callable
from typing import Any

import numpy as np

from semcache.course.exercises import Exercise
from semcache.course.unchanged import Changed

OBJECTIVES = {
    "05.a": "keep a vector in memory from being edited by those who receive it",
    "05.b": "choose the size of a memory tier from a log of requests",
    "05.c": "say for how long a deleted entry can still be served",
}

QUESTIONS = (
    "How many distinct texts does one of your processes see between two deployments?",
    "A user asks to be forgotten: which processes can still serve their texts, and until when?",
)


def _verify_get_safely(get_safely: Callable[..., Any]) -> str | None:
    numbers = {"a": [0.125, 2.3, -3.7], "A": [4.1, 5.9, 6.2], " a": [7.3, 8.0, 9.9], "": [0, 0, 0]}
    vectors = {text: np.array(row, np.float32) for text, row in numbers.items()}
    memory: dict[str, Any] = {}
    asked: list[str] = []

    def fetch(text: str) -> Any:
        asked.append(text)
        return vectors[text].copy()

    def ask(text: str) -> Any:
        return get_safely(memory, text, fetch)

    first = ask("a")
    if not isinstance(first, np.ndarray):
        return f"the answer to a miss is of type {type(first).__name__}, not an array."
    if not np.array_equal(first, vectors["a"]):
        return "the answer to a miss is not the vector that fetch returned."
    if not first.flags.writeable:
        return "a caller may edit what it receives, but this array refuses edits."
    dtype = first.dtype
    first *= 0.5
    second = ask("a")
    if len(asked) > 1:
        return "fetch was called a second time for a text that it had answered."
    if not isinstance(second, np.ndarray) or second.dtype != dtype:
        return f"a hit does not return an array of {dtype}, as the miss did."
    if not np.array_equal(second, vectors["a"]):
        return "an edit made after a miss shows in the next answer."
    if not second.flags.writeable:
        return "a caller may edit what it receives, but after a hit the array refuses edits."
    second *= 0.5
    if not np.array_equal(ask("a"), vectors["a"]):
        return "an edit made after a hit shows in the next answer."
    for text in ("A", " a", "", "a", "A", ""):
        if not np.array_equal(ask(text), vectors[text]):
            return f"{text!r} is answered with the vector of another text."
    if len(asked) != len(set(asked)):
        return f"fetch was called twice for {max(asked, key=asked.count)!r}, which was in memory."
    get_safely({}, "a", fetch)
    if asked.count("a") != 2:
        return "with another memory, an empty one, fetch is not called for a text."
    return None


# distances, requests, target, the smallest size. No share of a log is so near its target that
# rounding decides; no distance is larger than its log.
_LOGS: tuple[tuple[list[int], int, float, int | None], ...] = (
    ([2, 2], 4, 0.5, 2),
    ([7, 1, 3, 3], 8, 0.125, 1),
    ([7, 1, 3, 3], 8, 0.25, 3),
    ([7, 1, 3, 3], 8, 0.5, 7),
    ([7, 1, 3, 3], 8, 0.75, None),
    ([1, 3], 4, 0.3, 3),  # 1.2 requests: one hit is not enough
    ([40, 5, 12, 5, 33, 2, 19, 5], 64, 4 / 64, 5),
    ([40, 5, 12, 5, 33, 2, 19, 5], 64, 6 / 64, 19),
    ([1_500, 3], 2_048, 2 / 2_048, 1_500),
    ([], 4, 0.5, None),  # no text was asked twice
)


def _verify_choose_size(choose_size: Callable[..., Any]) -> str | None:
    for distances, requests, target, right in _LOGS:
        asked = f"for distances {distances}, {requests} requests and target {target} it"
        try:
            given = np.array(distances, int)
            size = choose_size(given, requests, target)
        except Changed:
            raise
        except Exception as error:
            return f"{asked} raises {type(error).__name__}: {str(error).rstrip('.')}."
        if size != right:
            what = "not the smallest size that is enough" if right else "although no size is enough"
            return f"{asked} gives {size}, {'which is ' if right else ''}{what}."
    return None


_DELETES: tuple[tuple[float, float, float, float | None, float, str], ...] = (
    (10, 30, 180, 60, 40, "the lesson's reader served it for 40"),
    (29, 30, 180, 60, 59, "the seconds in memory run from the fetch, whenever that was"),
    (10, 30, 50, 60, 20, "an entry that expires 20 seconds after the delete has no more in memory"),
    (10, 30, 180, None, 150, "without a bound of its own, memory keeps to the entry's expiry"),
    (10, 100, 180, 60, 0, "memory forgot it before the delete"),
    (10, 10.5, 180, 0, 0, "memory that keeps nothing, for 0 seconds, serves nothing"),
    (10, 30, 180, 3_600, 150, "memory keeps nothing past the entry's own expiry"),
    (10, 70, 180, 60, 0, "at second 70 the minute since second 10 is over"),
    (10.25, 30.5, 180, 60, 39.75, "a second may have parts"),
    (10, 30, 1_000, None, 970, "an entry may live for long"),
)


def _verify_still_served(still_served: Callable[..., Any]) -> str | None:
    for fetched, deleted, expires, memory_ttl, right, complaint in _DELETES:
        seconds = still_served(fetched, deleted, expires, memory_ttl)
        if seconds != right:
            given = f"still_served({fetched}, {deleted}, {expires}, {memory_ttl}) is {seconds}"
            return f"{given}, but {complaint}."
    return None


EXERCISES = (
    Exercise(
        id="05.1",
        objectives=("05.a",),
        name="get_safely",
        hint="Count the arrays after a miss: one stays, one leaves. Are they two? "
        "A slice of an array is not a second one.",
        solution="""
def get_safely(memory, text, fetch):
    if text not in memory:
        memory[text] = fetch(text)
    return memory[text].copy()
""",
        wrong=(
            """
def get_safely(memory, text, fetch):
    if text not in memory:
        memory[text] = fetch(text)
    return memory[text]
""",
            """
def get_safely(memory, text, fetch):
    if text in memory:
        return memory[text].copy()
    memory[text] = fetch(text)
    return memory[text]
""",
            """
def get_safely(memory, text, fetch):
    if text not in memory:
        memory[text] = fetch(text)
        return memory[text].copy()
    return memory[text]
""",
            """
def get_safely(memory, text, fetch):
    if text not in memory:
        memory[text] = fetch(text)
    return memory[text][:]
""",
            """
def get_safely(memory, text, fetch):
    if text not in memory:
        memory[text] = fetch(text)
        memory[text].setflags(write=False)
    return memory[text]
""",
            """
def get_safely(memory, text, fetch):
    return memory.get(text, fetch(text)).copy()
""",
        ),
        may_change=True,
        verify=_verify_get_safely,
    ),
    Exercise(
        id="05.2",
        objectives=("05.b",),
        name="choose_size",
        hint="Try the sizes from 1 upwards; np.sum(distances <= size) counts the hits of one.",
        solution="""
def choose_size(distances, requests, target):
    for size in range(1, max(distances, default=0) + 1):
        if np.sum(distances <= size) >= target * requests:
            return size
    return None
""",
        wrong=(
            """
def choose_size(distances, requests, target):
    for size in range(1, max(distances) + 1):
        if np.sum(distances <= size) >= target * requests:
            return size
    return None
""",
            """
def choose_size(distances, requests, target):
    for size in range(1, max(distances) + 2):
        if np.sum(distances < size) >= target * requests:
            return size
    return None
""",
            """
def choose_size(distances, requests, target):
    for size in range(1, max(distances) + 1):
        if np.sum(distances <= size) > target * requests:
            return size
    return None
""",
            """
def choose_size(distances, requests, target):
    return int(np.ceil(np.quantile(distances, target)))
""",
            """
def choose_size(distances, requests, target):
    for size in range(1, max(distances) + 1):
        if np.sum(distances <= size) >= target * requests:
            return size
    return max(distances)
""",
            """
def choose_size(distances, requests, target):
    for size in range(1, 1001):
        if np.sum(distances <= size) >= target * requests:
            return size
    return None
""",
        ),
        verify=_verify_choose_size,
    ),
    Exercise(
        id="05.3",
        objectives=("05.c",),
        name="still_served",
        hint="At which second does memory forget it? Two clocks may end it; the earlier one does.",
        solution="""
def still_served(fetched_at, deleted_at, expires_at, memory_ttl):
    forgotten_at = expires_at
    if memory_ttl is not None:
        forgotten_at = min(expires_at, fetched_at + memory_ttl)
    return max(0, forgotten_at - deleted_at)
""",
        wrong=(
            """
def still_served(fetched_at, deleted_at, expires_at, memory_ttl):
    return memory_ttl
""",
            """
def still_served(fetched_at, deleted_at, expires_at, memory_ttl):
    forgotten_at = expires_at if memory_ttl is None else fetched_at + memory_ttl
    return max(0, forgotten_at - deleted_at)
""",
            """
def still_served(fetched_at, deleted_at, expires_at, memory_ttl):
    bound = float("inf") if memory_ttl is None else memory_ttl
    return min(expires_at, fetched_at + bound) - deleted_at
""",
            """
def still_served(fetched_at, deleted_at, expires_at, memory_ttl):
    bound = float("inf") if memory_ttl is None else memory_ttl
    return max(0, min(expires_at, deleted_at + bound) - deleted_at)
""",
            """
def still_served(fetched_at, deleted_at, expires_at, memory_ttl):
    return max(0, min(expires_at, fetched_at + memory_ttl) - deleted_at)
""",
            """
def still_served(fetched_at, deleted_at, expires_at, memory_ttl):
    forgotten_at = min(expires_at, fetched_at + memory_ttl) if memory_ttl else expires_at
    return max(0, forgotten_at - deleted_at)
""",
        ),
        verify=_verify_still_served,
    ),
)
