"""Checks of lesson 02: keys, TTLs and batches."""

import json
from collections.abc import Callable, Iterable, Iterator
from dis import get_instructions
from inspect import unwrap
from random import Random
from typing import Any

from semcache.course.collisions import bits_of
from semcache.course.exercises import Exercise
from semcache.course.sent import commands_of
from semcache.course.separators import SEPARATORS, separators_of
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

_REQUESTS = [
    ("e5", 38, "4hello"),
    ("e5", 384, "hello"),
    ("e5", 384, "hello "),
    ("e5", 384, "hello\n"),
    ("e5", 384, "Hello"),
    ("e5", 1536, "hello"),
    ("e5 ", 384, "hello"),
    ("E5", 384, "hello"),
    ("org/e5", 384, "hello"),
    ("other", 384, "hello"),
    ("hello", 384, "e5"),  # swapped
    ("384", 7, "hello"),
    ("7", 384, "hello"),
    ("e5", 384, "how  so"),
    ("e5", 384, "how so"),
    ("e5", 384, "如何重置密码"),
    ("e5", 384, "如何修改地址"),
    ("e5", 384, "caf\u00e9"),
    ("e5", 384, "cafe\u0301"),
    ("e5", 384, "caf"),
    ("text-embedding-3-small", 1024, "hello"),
    ("text-embedding-3-large", 1024, "hello"),
    ("gpt-2024-05-13", 384, "hello"),
    ("gpt-2024-08-06", 384, "hello"),
    ("e5", 384, "hello?"),
    ("e5", 384, "???"),
    ("e5", 384, "?"),
    ("e5", 384, "How do I change my address?"),
    ("e5", 384, "How do I change my account?"),
    ("e5", 384, "\U0001f44d"),  # thumbs up
    ("e5", 384, "\U0001f44e"),  # and down
    ("e5", 384, "\u00c4"),
    ("e5", 384, "\u00e4"),
    ("e5", 384, "\uff21"),  # A, as wide as a Chinese character
    ("e5", 384, "A"),
]
_MANY = 40_000  # so many that a key of 24 bits or fewer meets itself
_BITS = 64  # of the hash in a key, at least
_LONG = "long " * 10_000
_SIZES = (21, 41, 100, 200, 500, 1_001, 5_000, len(_LONG))  # at which somebody might cut
_PLACES = (0.0, 0.1, 0.5, 0.77, 1.0)  # of the one letter that differs, from the first to the last


def _verify_key(cache_key: Callable[[str, int, str], Any]) -> str | None:
    made: dict[Any, tuple[str, int, str]] = {}
    between = [f"{sign}384{sign}" for sign in SEPARATORS] + sorted(separators_of(cache_key))
    for request in [*_REQUESTS, *_colliding([*SEPARATORS, *between])]:
        key = cache_key(*request)
        if not isinstance(key, str):
            return f"a key is a string, not {type(key).__name__}."
        if cache_key(*request) != key:
            return "the same request gave two different keys."
        if _salts(cache_key):
            return "Python salts hash(): another process gets another key for the same request."
        if (other := made.setdefault(key, request)) != request:
            return f"{other} and {request} share a key."
    return _verify_length(cache_key)


def _colliding(between: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Requests that are alike if a model and a text, or a text and a model, are joined so."""
    for sign in between:
        yield from ((f"e5{sign}base", 384, "hello"), ("e5", 384, f"base{sign}hello"))
        yield from (("e5", 384, f"hello{sign}base"), (f"base{sign}e5", 384, "hello"))


def _salts(cache_key: Callable[[str, int, str], Any]) -> bool:
    """Whether the code asks the built-in ``hash``."""
    code = getattr(unwrap(cache_key), "__code__", None)
    read = get_instructions(code) if code else ()
    return any(one.argval == "hash" and one.opname.startswith("LOAD_GLOBAL") for one in read)


def _verify_length(cache_key: Callable[[str, int, str], str]) -> str | None:
    for size in _SIZES:
        text = _LONG[:size]
        key = cache_key("e5", 384, text)
        if len(key) >= 200:
            return "a long text makes a long key; keys live in memory."
        for place in _PLACES:
            at = int(place * (size - 1))
            other = f"{text[:at]}#{text[at + 1 :]}"
            if cache_key("e5", 384, other) == key:
                return f"two texts of {size:,} characters that differ in one letter share a key."
            if cache_key(text, 384, "e5") == cache_key(other, 384, "e5"):
                return f"two models of {size:,} characters that differ in one letter share a key."
    if len({cache_key("e5", 384, str(number)) for number in range(_MANY)}) < _MANY:
        return f"of {_MANY:,} short texts, some share a key: there are too few different keys."
    draw = Random(2)
    bits = bits_of([cache_key("e5", 384, f"{draw.getrandbits(2_000):x}") for _ in range(2_000)])
    if bits < _BITS:
        return f"the keys of long texts have room for {bits} bits: many texts would soon share one."
    return None


def _verify_store(store: Callable[[Any, str, list[float], int], object]) -> str | None:
    lab = connect(quiet=True)
    sent = commands_of(lab.redis, pipelines=True)
    for key, vector, ttl in (  # the last one replaces the first
        ("lesson02:k", [0.5, -1.25], 60),
        ("lesson02:other", [0.123456789, 1e-9], 3_600),
        ("lesson02:k", [2.0, 0.0], 604_800),
    ):
        sent.clear()
        store(lab.redis, key, list(vector), ttl)
        commands = ", ".join(sent)
        if fault := _stored_wrongly(lab.redis, key, vector, ttl):
            return fault
        if commands.count(","):
            return f"it sent {commands}: value and TTL belong in one command."
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
    many = [f"text {number}" for number in range(150)]
    batch = ["b", "a", "c", "b", "d", "A", " b ", "", "密码", "", "密码", *many]
    cached = {"c", "x", "a d", "text"}
    answer = to_send(list(batch), set(cached))
    if not isinstance(answer, list):
        return f"return a list, not {type(answer).__name__}."
    if "c" in answer:
        return "a text that is cached is sent again."
    if "A" not in answer:
        return "'A' and 'a' are different texts; each needs its own vector."
    if " b " not in answer:
        return "' b ' and 'b' are different texts; each is sent as it is."
    if len(answer) != len(set(answer)):
        return "a text that occurs twice is sent twice."
    right = ["b", "a", "d", "A", " b ", "", "密码", *many]
    if left := [text for text in right if text not in answer]:
        return f"an uncached text is not sent: {left[0]!r}."
    if set(answer) != set(right):
        return "something is sent that is no text of the batch."
    if answer != right:
        return "the texts are not in the order of their first appearance."
    if to_send(list(batch), set(cached)) != right:
        return "the same batch once more is not the same list: it remembers what was sent before."
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
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256(f"{model}~~{dimensions}~~{text}".encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256("<SEP>".join([text, str(dimensions), model]).encode()).hexdigest()
""",
            """
GAP = "~" * 5

def cache_key(model, dimensions, text):
    return hashlib.sha256(f"{model}{GAP}{dimensions}@{text}".encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    joined = (chr(31) * 2).join([model, str(dimensions), text])
    return hashlib.sha256(joined.encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256(json.dumps(sorted([model, str(dimensions), text])).encode()).hexdigest()
""",
            """
import unicodedata

def cache_key(model, dimensions, text):
    parts = json.dumps([model, dimensions, unicodedata.normalize("NFKC", text)])
    return hashlib.sha256(parts.encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256(json.dumps([model.lower(), dimensions, text]).encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return f"{model[:20]}:{dimensions}:{hashlib.sha256(text.encode()).hexdigest()}"
""",
            """
def cache_key(model, dimensions, text):
    return f"{model}:{dimensions}:"[:16] + hashlib.sha256(text.encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    name = model.split("-20")[0]
    return hashlib.sha256(json.dumps([name, dimensions, text]).encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    parts = json.dumps([model, dimensions, text.rstrip("?")])
    return hashlib.sha256(parts.encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return json.dumps([model, dimensions, text[:20], len(text)])
""",
            """
def cache_key(model, dimensions, text):
    return json.dumps([model, dimensions, text[:40], text[-40:]])
""",
            """
def cache_key(model, dimensions, text):
    ends = text[:500] + text[-500:]
    return hashlib.sha256(json.dumps([model, dimensions, ends, len(text)]).encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    parts = json.dumps([model, dimensions, len(text), text[:2_000]])
    return hashlib.sha256(parts.encode()).hexdigest()
""",
            """
def cache_key(model, dimensions, text):
    return hashlib.sha256(json.dumps([model, dimensions, text]).encode()).hexdigest()[:12]
""",
            """
def cache_key(model, dimensions, text):
    digest = hashlib.sha256(json.dumps([model, dimensions, text]).encode()).hexdigest()
    return str(int(digest, 16) % 10**11)
""",
            """
def cache_key(model, dimensions, text):
    plain = "".join(letter for letter in text if ord(letter) < 0x10000)
    return hashlib.sha256(json.dumps([model, dimensions, plain]).encode()).hexdigest()
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
    redis.set(key, json.dumps(vector), ex=min(ttl, 86_400))
""",
            """
def store(redis, key, vector, ttl):
    pipe = redis.pipeline(transaction=False)
    pipe.set(key, json.dumps(vector))
    pipe.expire(key, ttl)
    pipe.execute()
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
    return [text for text in dict.fromkeys(texts) if text and text not in cached]
""",
            """
def to_send(texts, cached):
    return [text for text in dict.fromkeys(texts) if text.isascii() and text not in cached]
""",
            """
def to_send(texts, cached):
    return [text.strip() for text in dict.fromkeys(texts) if text not in cached]
""",
            """
def to_send(texts, cached):
    return [text for text in dict.fromkeys(texts) if not any(text in one for one in cached)]
""",
            """
def to_send(texts, cached):
    return [text for text in dict.fromkeys(texts[:100]) if text not in cached]
""",
            """
def to_send(texts, cached, seen=set()):
    sending = [text for text in dict.fromkeys(texts) if text not in cached | seen]
    seen.update(sending)
    return sending
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
