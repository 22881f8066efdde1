"""Checks of lesson 06: the nearest question, an honest hit rate, who may share an answer."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from semcache.course.exercises import Exercise

OBJECTIVES = {
    "06.a": "compute a cosine similarity and find the nearest stored question",
    "06.b": "count hits so that the rate is true",
    "06.c": "say which requests may share an answer, and until when",
}

QUESTIONS = (
    "Which parts of a request shape your LLM's answers, and are all of them in the address?",
    "How would you find out that a user was given the answer to another question?",
)

Vector = Sequence[float]

# asked, stored, position, similarity
_SEARCHES: tuple[tuple[Vector, list[Vector], int, float, str], ...] = (
    ([3, 4], [[0, 9], [4, 3]], 1, 0.96, "for the example it does not find (1, 0.96)."),
    ([6, 8], [[0, 9], [4, 3]], 1, 0.96, "a question twice as long has another similarity."),
    ([1, 0], [[3, 3], [0.8, 0.1]], 1, 0.9923, "a long vector wins over one that points better."),
    ([1, 0], [[-1, 0], [-3, -4]], 1, -0.6, "the best of several negative cosines is not found."),
    ([1, 0], [[0, 0], [-3, -4]], 1, -0.6, "a vector of zeros wins, or spoils the comparison."),
    ([1, 0], [[-2, 0]], 0, -1.0, "an opposite vector is the nearest if it is alone."),
    (
        [1, 0],
        [[0.9, 0.4359], [0.902, 0.4317], [0.901, 0.4338]],
        1,
        0.902,
        "the third digit decides which of three is the nearest: do not round.",
    ),
    (
        [1, 0],
        [[10, 1], [0.5, 0.5]],
        0,
        0.995,
        "the nearest by distance wins over the one that points better.",
    ),
    ([1, 0], [[1, -1]], 0, 0.7071, "numbers that add up to 0 are no vector of zeros."),
    ([0, 0, 2], [[0, 0, 1]], 0, 1.0, "a vector is one of zeros only if all of its numbers are 0."),
    ([1, 0], [[0, 1]], 0, 0.0, "a stored vector at a right angle is the nearest if it is alone."),
)

_NOTHING: tuple[tuple[Vector, list[Vector]], ...] = (
    ([3, 4], []),
    ([3, 4], [[0, 0]]),
    ([0, 0], [[3, 4]]),
)


def _verify_nearest(nearest: Callable[..., Any]) -> str | None:
    for asked, stored, position, similarity, complaint in _SEARCHES:
        found = nearest(asked, stored)
        if found is None:
            return complaint
        if found[0] != position or not math.isclose(found[1], similarity, abs_tol=1e-4):
            return complaint
    for asked, stored in _NOTHING:
        if nearest(asked, stored) is not None:
            return f"nothing in {stored} can be compared with {asked}, but something is returned."
    return None


_LOGS: tuple[tuple[Sequence[float | None], float, float, str], ...] = (
    ([None, 0.93, 0.87, 0.93, 0.85], 0.865, 0.6, "for the example the rate is not 0.6."),
    ([], 0.9, 0.0, "without lookups the rate is not 0.0."),
    ([None, None], 0.9, 0.0, "two lookups where nothing was stored make no rate of 0.0."),
    ([0.9, 0.8], 0.9, 0.5, "a similarity equal to the threshold is a hit."),
    ([0.8649, 0.8651, None], 0.865, 1 / 3, "0.8649 does not reach 0.865, and the rate has digits."),
    ([None, 0.3], 0.0, 0.5, "at a threshold of 0 an empty cache still has no answer to serve."),
    ([None, -0.9], -1.0, 0.5, "at a threshold of -1 an empty cache still has no answer to serve."),
    ([0.896, 0.904], 0.9, 0.5, "0.896 does not reach 0.9: do not round."),
    ([None, -0.5, 0.2, 0.0], -0.2, 0.5, "at a threshold of -0.2 a similarity of 0 is a hit."),
)


def _verify_hit_rate(hit_rate: Callable[..., Any]) -> str | None:
    for best, least, right, complaint in _LOGS:
        if not math.isclose(hit_rate(list(best), least), right):
            return complaint
    return None


_ASKED = {"tenant": "acme", "model": "mini", "system": "Be brief.", "stream": False}

# what the request changes, now, whether the entry (which expires at 60) may be served
_SERVED: tuple[tuple[dict[str, object], float, bool, str], ...] = (
    ({}, 59, True, "an equal request at second 59 may have the answer."),
    ({}, 60, False, "at second 60 the entry is over."),
    ({}, 61, False, "after second 60 the entry is over."),
    ({"tenant": "umbrella"}, 1, False, "one tenant is given the answer of another."),
    ({"model": "large"}, 1, False, "one LLM is asked, the answer of another is served."),
    ({"system": "Answer in verse."}, 1, False, "another system prompt asks for another answer."),
    ({"tenant": "ACME"}, 1, False, "names that differ in capitals are different names."),
    ({"system": "be brief."}, 1, False, "a prompt with other capitals is another prompt."),
    ({"model": "mini-2"}, 1, False, "a model whose name begins alike is another model."),
    ({"system": None}, 1, False, "a request without a system prompt is given another's answer."),
    ({"stream": True}, 1, True, "a stream of the same answer is the same answer."),
    ({}, 59.9, True, "at second 59.9 the entry still lives: do not round."),
    ({}, 60.2, False, "at second 60.2 the entry is over: do not round."),
)


def _verify_may_serve(may_serve: Callable[..., Any]) -> str | None:
    for changes, now, right, complaint in _SERVED:
        if bool(may_serve({**_ASKED, "expires_at": 60}, {**_ASKED, **changes}, now)) != right:
            return complaint
    if may_serve({**_ASKED, "system": None, "expires_at": 60}, dict(_ASKED), 1):
        return "a request with a system prompt is given the answer to one without."
    for tenant, model, other, another in (
        ("acme:eu", "llama", "acme", "eu:llama"),
        ("acmem", "ini", "acme", "mini"),
        ("mini", "acme", "acme", "mini"),
    ):
        entry = {**_ASKED, "tenant": tenant, "model": model, "expires_at": 60}
        if may_serve(entry, {**_ASKED, "tenant": other, "model": another}, 1):
            return f"tenant {tenant} with model {model} is not tenant {other} with {another}."
    own = _ASKED["tenant"]
    for stranger in ("acme-eu", "acm", "", None):
        theirs = {**_ASKED, "tenant": stranger}
        if may_serve({**theirs, "expires_at": 60}, dict(_ASKED), 1):
            return f"a request of tenant {own} is given the answer to tenant {stranger!r}."
        if may_serve({**_ASKED, "expires_at": 60}, theirs, 1):
            return f"a request of tenant {stranger!r} is given the answer to tenant {own}."
    late = {**_ASKED, "expires_at": 60.5}
    if may_serve(late, dict(_ASKED), 60.7) or not may_serve(late, dict(_ASKED), 60.2):
        return "an entry may end at a part of a second: 60.5 lies between 60.2 and 60.7."
    eternal = {**_ASKED, "system": None, "expires_at": math.inf}
    if not may_serve(eternal, {**_ASKED, "system": None}, 10**9):
        return "an entry that never expires, of a request without system prompt, may be served."
    return None


EXERCISES = (
    Exercise(
        id="06.1",
        objectives=("06.a",),
        name="nearest",
        hint="A cosine can be negative, so no number is a safe start for the best one so far. "
        "Which vectors have no length to divide by?",
        solution="""
def nearest(asked, stored):
    best = None
    for position, vector in enumerate(stored):
        lengths = np.linalg.norm(asked) * np.linalg.norm(vector)
        if lengths > 0:
            similarity = np.dot(asked, vector) / lengths
            if best is None or similarity > best[1]:
                best = (position, similarity)
    return best
""",
        wrong=(
            """
def nearest(asked, stored):
    products = [np.dot(asked, vector) for vector in stored]
    return (int(np.argmax(products)), max(products)) if stored else None
""",
            """
def nearest(asked, stored):
    best = (None, -1.0)
    for position, vector in enumerate(stored):
        lengths = np.linalg.norm(asked) * np.linalg.norm(vector)
        if lengths > 0 and np.dot(asked, vector) / lengths > best[1]:
            best = (position, np.dot(asked, vector) / lengths)
    return None if best[0] is None else best
""",
            """
def nearest(asked, stored):
    found = [
        (round(np.dot(asked, v) / np.linalg.norm(asked) / np.linalg.norm(v), 2), -at)
        for at, v in enumerate(stored)
        if np.linalg.norm(v)
    ]
    return (-max(found)[1], max(found)[0]) if found else None
""",
            """
def nearest(asked, stored):
    best = (None, 0.0)
    for position, vector in enumerate(stored):
        similarity = np.dot(asked, vector) / (np.linalg.norm(asked) * np.linalg.norm(vector))
        if similarity > best[1]:
            best = (position, similarity)
    return None if best[0] is None else best
""",
            """
def nearest(asked, stored):
    if not stored:
        return None
    lengths = np.linalg.norm(asked) * np.linalg.norm(stored, axis=1)
    similarities = np.array(stored) @ np.array(asked) / np.maximum(lengths, 1e-12)
    return int(np.argmax(similarities)), float(np.max(similarities))
""",
            """
def nearest(asked, stored):
    if not stored:
        return None
    apart = [np.linalg.norm(np.subtract(asked, vector)) for vector in stored]
    position = int(np.argmin(apart))
    vector = stored[position]
    lengths = np.linalg.norm(asked) * np.linalg.norm(vector)
    return position, np.dot(asked, vector) / lengths
""",
            """
def nearest(asked, stored):
    products = [np.dot(asked, vector) / np.linalg.norm(vector) for vector in stored]
    return (int(np.argmax(products)), max(products)) if stored else None
""",
        ),
        verify=_verify_nearest,
    ),
    Exercise(
        id="06.2",
        objectives=("06.b",),
        name="hit_rate",
        hint="How many lookups were there? And what does Python make of `None or 0.0`?",
        solution="""
def hit_rate(best, least):
    hits = sum(similarity is not None and similarity >= least for similarity in best)
    return hits / len(best) if best else 0.0
""",
        wrong=(
            """
def hit_rate(best, least):
    counted = [similarity for similarity in best if similarity is not None]
    return sum(s >= least for s in counted) / len(counted) if counted else 0.0
""",
            """
def hit_rate(best, least):
    return sum(s is not None and s >= least for s in best) / len(best)
""",
            """
def hit_rate(best, least):
    return sum((s or 0.0) >= least for s in best) / len(best) if best else 0.0
""",
            """
def hit_rate(best, least):
    return sum(s is not None and s > least for s in best) / len(best) if best else 0.0
""",
            """
def hit_rate(best, least):
    return sum(bool(s) and s >= least for s in best) / len(best) if best else 0.0
""",
            """
def hit_rate(best, least):
    served = [s for s in best if s is not None and round(s, 2) >= round(least, 2)]
    return len(served) / len(best) if best else 0.0
""",
            """
def hit_rate(best, least):
    return 100 * sum(s is not None and s >= least for s in best) / len(best) if best else 0.0
""",
        ),
        verify=_verify_hit_rate,
    ),
    Exercise(
        id="06.3",
        objectives=("06.c",),
        name="may_serve",
        hint="Go through the parts of a request: which of them could make the LLM, or the "
        "truth, say something else?",
        solution="""
def may_serve(entry, request, now):
    shared = ("tenant", "model", "system")
    return now < entry["expires_at"] and all(entry[p] == request[p] for p in shared)
""",
        wrong=(
            """
def may_serve(entry, request, now):
    return now < entry["expires_at"]
""",
            """
def may_serve(entry, request, now):
    same = entry["tenant"] == request["tenant"] and entry["model"] == request["model"]
    return same and now < entry["expires_at"]
""",
            """
def may_serve(entry, request, now):
    return all(entry[p] == request[p] for p in request) and now < entry["expires_at"]
""",
            """
def may_serve(entry, request, now):
    shared = ("tenant", "model", "system")
    return now <= entry["expires_at"] and all(entry[p] == request[p] for p in shared)
""",
            """
def may_serve(entry, request, now):
    shared = ("model", "system")
    return now < entry["expires_at"] and all(entry[p] == request[p] for p in shared)
""",
            """
def may_serve(entry, request, now):
    return all(entry[p] == request[p] for p in ("tenant", "model", "system"))
""",
            """
def may_serve(entry, request, now):
    same = all(entry[p] == request[p] for p in ("model", "system"))
    return same and entry["tenant"] in (None, request["tenant"]) and now < entry["expires_at"]
""",
            """
def may_serve(entry, request, now):
    same = all(entry[p] == request[p] for p in ("model", "system"))
    asked = request["tenant"] or ""
    return same and (entry["tenant"] or "").startswith(asked) and now < entry["expires_at"]
""",
            """
def may_serve(entry, request, now):
    def owner(of):
        return f"{of['tenant']}:{of['model']}:{of['system']}"
    return now < entry["expires_at"] and owner(entry) == owner(request)
""",
            """
def may_serve(entry, request, now):
    def owner(of):
        return [str(of[part]).lower() for part in ("tenant", "model", "system")]
    return now < entry["expires_at"] and owner(entry) == owner(request)
""",
        ),
        verify=_verify_may_serve,
    ),
)
