"""Checks of lesson 02: keys, TTLs and batches."""

import json
from collections.abc import Callable, Iterable
from inspect import unwrap
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
    ("e5", 384, "如何重置密码"),
    ("e5", 384, "如何修改地址"),
    ("e5", 384, "caf\u00e9"),
    ("e5", 384, "caf"),
]
_MANY = 40_000  # so many that a key of 24 bits or fewer meets itself
_VARIES = 11  # characters in which keys of 64 bits differ from one another, if written densely
_LONG = "long " * 10_000


def _verify_key(cache_key: Callable[[str, int, str], Any]) -> str | None:
    made = {request: cache_key(*request) for request in _REQUESTS}
    wrong = next((key for key in made.values() if not isinstance(key, str)), None)
    if wrong is not None:
        return f"a key is a string, not {type(wrong).__name__}."
    if any(cache_key(*request) != key for request, key in made.items()):
        return "the same request gave two different keys."
    if "hash" in getattr(getattr(unwrap(cache_key), "__code__", None), "co_names", ()):
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
    longest = max(map(len, keys))
    places = zip(*(key.rjust(longest) for key in keys), strict=True)
    if (varies := sum(len(set(place)) > 1 for place in places)) < _VARIES:
        return f"keys differ in {varies} characters only: that many texts would soon share one."
    return None


def _verify_store(store: Callable[[Any, str, list[float], int], object]) -> str | None:
    lab = connect(quiet=True)
    for key, vector, ttl in (  # the last one replaces the first
        ("lesson02:k", [0.5, -1.25], 60),
        ("lesson02:other", [0.123456789, 1e-9], 3_600),
        ("lesson02:k", [2.0, 0.0], 7_200),
    ):
        with lab.round_trips() as trips:
            store(lab.redis, key, list(vector), ttl)
        if fault := _stored_wrongly(lab.redis, key, vector, ttl):
            return fault
        if trips.count != 1:
            return f"it took {trips.count} round trips; a crash between them leaves half of it."
    return None


def _stored_wrongly(redis: Any, key: str, vector: list[float], ttl: int) -> str | None:
    seconds = redis.ttl(key)
    if seconds == -2:
        return "nothing is stored under the key, or it was gone at once."
    if seconds == -1:
        return "the key never expires."
    try:
        stored = json.loads(redis.get(key))
    except ValueError:
        stored = None
    if not isinstance(stored, list) or len(stored) != len(vector):
        return "what is stored is not the vector as JSON."
    if stored != vector:
        return f"stored {vector}, then read {stored}."
    if not ttl - 2 <= seconds <= ttl:
        return f"the key is gone in {seconds} seconds, not in the {ttl} asked for."
    return None


def _verify_to_send(to_send: Callable[[list[str], set[str]], Iterable[str]]) -> str | None:
    batch, cached = ["b", "a", "c", "b", "d", "A"], {"c", "x"}
    answer = to_send(list(batch), set(cached))
    if not isinstance(answer, list):
        return f"return a list, not {type(answer).__name__}."
    if "c" in answer:
        return "a text that is cached is sent again."
    if "A" not in answer:
        return "'A' and 'a' are different texts; each needs its own vector."
    if len(answer) != len(set(answer)):
        return "a text that occurs twice is sent twice."
    if set(answer) != {"a", "b", "d", "A"}:
        return "an uncached text is not sent."
    if answer != ["b", "a", "d", "A"]:
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
            """
def cache_key(model, dimensions, text):
    ascii_only = text.encode("ascii", "ignore").decode()
    parts = json.dumps([model, dimensions, ascii_only])
    return hashlib.sha256(parts.encode()).hexdigest()
""",
            """
import zlib

def cache_key(model, dimensions, text):
    return f"emb:{zlib.crc32(json.dumps([model, dimensions, text]).encode()):08x}"
""",
            """
numbers = {}

def cache_key(model, dimensions, text):
    return f"emb:{numbers.setdefault((model, dimensions, text), len(numbers)):032d}"
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
            """
def store(redis, key, vector, ttl):
    redis.set(key, json.dumps(vector), ex=60)
""",
            """
def store(redis, key, vector, ttl):
    redis.set(key, json.dumps(vector), ex=ttl, nx=True)
""",
            """
def store(redis, key, vector, ttl):
    redis.set(key, json.dumps([round(number, 3) for number in vector]), ex=ttl)
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
            """
def to_send(texts, cached):
    return [text for text in dict.fromkeys(texts[::-1]) if text not in cached][::-1]
""",
            """
def to_send(texts, cached):
    return [t for t in dict.fromkeys(text.lower() for text in texts) if t not in cached]
""",
            """
def to_send(texts, cached):
    sending = []
    while texts:
        text = texts.pop(0)
        if text not in cached:
            cached.add(text)
            sending.append(text)
    return sending
""",
        ),
        verify=_verify_to_send,
    ),
)
