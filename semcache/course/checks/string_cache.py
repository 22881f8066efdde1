"""Checks of lesson 02: keys, TTLs and batches."""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

from semcache.course.exercises import Exercise
from semcache.lab.connect import connect

OBJECTIVES = {
    "02.a": "write a cache key that two different requests can never share",
    "02.b": "store a vector so that it expires on its own",
    "02.c": "embed a batch with each distinct text sent once",
}

QUESTIONS = (
    "Which parts of your own requests change the answer, and are all of them in the key?",
    "How many of yesterday's texts were repetitions? A log can tell.",
)

# Joined with the separator, the two requests of a pair are one string.
_SEPARATORS = (":", "|", "/", ",", ";", "#", "_", "-", " ", "', '", "\t", "\n", "\x00", "\x1f")
_REQUESTS = [
    request
    for sign in _SEPARATORS
    for request in ((f"e5{sign}384", 384, "hello"), ("e5", 384, f"384{sign}hello"))
]
_REQUESTS += [
    ("e5", 38, "4hello"),
    ("e5", 384, "hello"),
    ("e5", 384, "hello "),
    ("e5", 384, "Hello"),
    ("e5", 1536, "hello"),
    ("other", 384, "hello"),
]
_MANY = 200_000  # so many that a key of 32 bits or fewer meets itself
_LONG = "long " * 10_000


def _verify_key(cache_key: Callable[[str, int, str], Any]) -> str | None:
    made = {request: cache_key(*request) for request in _REQUESTS}
    wrong = next((key for key in made.values() if not isinstance(key, str)), None)
    if wrong is not None:
        return f"a key is a string, not {type(wrong).__name__}."
    if any(cache_key(*request) != key for request, key in made.items()):
        return "the same request gave two different keys."
    if "hash" in getattr(getattr(cache_key, "__code__", None), "co_names", ()):
        return "Python salts hash(): another process gets another key for the same request."
    for one, other in combinations(_REQUESTS, 2):
        if made[one] == made[other]:
            return f"{one} and {other} share a key."
    return _verify_length(cache_key)


def _verify_length(cache_key: Callable[[str, int, str], str]) -> str | None:
    if len(cache_key("e5", 384, _LONG)) >= 200:
        return "a long text makes a long key; keys live in memory."
    if cache_key("e5", 384, _LONG) == cache_key("e5", 384, _LONG + "!"):
        return "two long texts that differ in their last letter share a key."
    keys = {cache_key("e5", 384, str(number)) for number in range(_MANY)}
    if len(keys) < _MANY:
        return f"of {_MANY:,} short texts, some share a key: there are too few different keys."
    return None


def _verify_store(store: Callable[[Any, str, list[float], int], object]) -> str | None:
    lab = connect(quiet=True)
    with lab.round_trips() as trips:
        store(lab.redis, "lesson02:k", [0.5, -1.25], 60)
    stored: Any = lab.redis.get("lesson02:k")
    seconds: Any = lab.redis.ttl("lesson02:k")
    if seconds == -2:
        return "nothing is stored under the key, or it was gone at once."
    if seconds == -1:
        return "the key never expires."
    if stored.replace(b" ", b"") != b"[0.5,-1.25]":
        return "what is stored is not the vector as JSON."
    if not 58 <= seconds <= 60:
        return f"the key is gone in {seconds} seconds, not in the 60 asked for."
    if trips.count != 1:
        return f"it took {trips.count} round trips; a crash between them leaves half the work done."
    return None


def _verify_to_send(to_send: Callable[[list[str], set[str]], Iterable[str]]) -> str | None:
    batch, cached = ["b", "a", "b", "c", "a", "d"], {"c"}
    answer = to_send(list(batch), set(cached))
    if not isinstance(answer, list):
        return f"return a list, not {type(answer).__name__}."
    if "c" in answer:
        return "a text that is cached is sent again."
    if len(answer) != len(set(answer)):
        return "a text that occurs twice is sent twice."
    if set(answer) != {"a", "b", "d"}:
        return "an uncached text is not sent."
    if answer != ["b", "a", "d"]:
        return "the texts are not in the order of their first appearance."
    if to_send([], {"c"}) != [] or to_send(["c"], {"c"}) != []:
        return "with nothing to send, the answer is an empty list."
    return None


EXERCISES = (
    Exercise(
        id="02.1",
        objectives=("02.a",),
        name="cache_key",
        hint="Write the three parts as JSON first; then hash that string, so that it stays short.",
        solution="""
def cache_key(model, dimensions, text):
    parts = json.dumps([model, dimensions, text])
    return "emb:" + hashlib.sha256(parts.encode()).hexdigest()
""",
        wrong=(
            """
def cache_key(model, dimensions, text):
    return str(hash((model, dimensions, text)))
""",
            """
def cache_key(model, dimensions, text):
    return json.dumps([model, dimensions, text])[:190]
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256(json.dumps([model, dimensions, text]).encode()).hexdigest()[:8]
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256(f"{model}\\x00{dimensions}\\x00{text}".encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.md5(f"{model}:{dimensions}:{text}".encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256(json.dumps([model, text]).encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return json.dumps([model, dimensions, text])
""",
            """
def cache_key(model, dimensions, text):
    parts = json.dumps([model, dimensions, text.strip().lower()])
    return hashlib.sha256(parts.encode()).hexdigest()
""",
        ),
        verify=_verify_key,
    ),
    Exercise(
        id="02.2",
        objectives=("02.b",),
        name="store",
        hint="SET has an option EX; in redis-py, redis.set(key, value, ex=seconds).",
        solution="""
def store(redis, key, vector, ttl):
    redis.set(key, json.dumps(vector), ex=ttl)
""",
        wrong=(
            """
def store(redis, key, vector, ttl):
    redis.set(key, json.dumps(vector))
""",
            """
def store(redis, key, vector, ttl):
    redis.set(key, json.dumps(vector))
    redis.expire(key, ttl)
""",
            """
def store(redis, key, vector, ttl):
    redis.set(key, json.dumps(vector), px=ttl)
""",
            """
def store(redis, key, vector, ttl):
    redis.set(key, np.array(vector).tobytes(), ex=ttl)
""",
        ),
        verify=_verify_store,
    ),
    Exercise(
        id="02.3",
        objectives=("02.c",),
        name="to_send",
        hint="dict.fromkeys(texts) keeps one of each, in order.",
        solution="""
def to_send(texts, cached):
    return [text for text in dict.fromkeys(texts) if text not in cached]
""",
        wrong=(
            """
def to_send(texts, cached):
    return [text for text in texts if text not in cached]
""",
            """
def to_send(texts, cached):
    return sorted(set(texts) - cached)
""",
            """
def to_send(texts, cached):
    return list(dict.fromkeys(texts))
""",
            """
def to_send(texts, cached):
    return [text for text in dict.fromkeys(texts[:-1]) if text not in cached]
""",
        ),
        verify=_verify_to_send,
    ),
)
