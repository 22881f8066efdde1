"""Checks refuse solutions with one small mistake, and accept what is right in another style."""

import ast
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from difflib import ndiff

import numpy as np
from mutants import mutants
from test_lessons import Page, answer, every_exercise, offline  # noqa: F401  (a fixture)

from semcache.course import Exercise

# A changed line that is accepted, and why that is right. All others must be refused.
_ALIKE = {
    "03.2": {"    for hour in writes[0:]:": "the first write starts the TTL that it has anyway"},
    "04.1": {
        "    scale = float(np.abs(vector).max()) / 127 or 2.0": "any scale does for zeros",
    },
    "05.2": {
        "    pass": "returns None, too",
        "    for size in range(0, max(distances, default=0) + 1):": "no target is 0",
        "    for size in range(1, max(distances, default=0) + 2):": "one more has no more hits",
        "    for size in range(1, max(distances, default=1) + 1):": "without distances no hits",
        "    for size in range(1, max(distances, default=2) + 1):": "without distances no hits",
    },
    "06.1": {
        "            similarity = np.dot(vector, asked) / lengths": "a product has no order",
        "            if best is None or similarity >= best[1]:": "of two alike, either",
    },
    "07.2": {
        "        redis.set(key, answer, px=max(2, round(1000 * left)))": "a millisecond more",
        "        redis.set(key, answer, px=max(0, round(1000 * left)))": "under half a millisecond",
    },
    "08.1": {
        "        if bound(served.count(False), len(served), 1 - doubt / len(grid)) <= limit:": (
            "the bound of nothing served is 1"
        ),
    },
    "08.2": {"    n = 0": "counted up to the same end", "    n = 2": "no promise needs one pair"},
    "10.1": {
        "        found += similarities[row] > similarities.max() - 1e-06": "never equal",
    },
    "10.3": {
        "        left += count * (slot * nodes // 16385 != dead)": "one slot in 16,384",
        "        left += count * (slot * nodes // 16383 != dead)": "one slot in 16,384",
    },
    "12.4": {
        "    return f\"{quote(tenant)}:{quote(audience, safe='')}\"": "a slash separates nothing",
        "    return f\"{quote(tenant, safe='')}:{quote(audience)}\"": "a slash separates nothing",
    },
}

_OPEN = {"14.2"}  # takes every decision that stands, and so most neighbours of one that does

_RIGHT = {
    "01.2": ["""
def queries_to_break_even(cost_per_query, hit_rate, redis_per_month):
    if cost_per_query * hit_rate == 0:
        return np.inf
    return np.float64(redis_per_month) / 30 / hit_rate / cost_per_query
"""],
    "00.1": ["dims = np.int64(384)", "dims = 384.0"],
    "00.2": [
        'stand_ins = frozenset({"API server", "Redis"})', 'stand_ins = ["redis", "API server"]'
    ],
    "02.1": ["""
def cache_key(model, dimensions, text):
    parts = repr((model, dimensions, text)).encode()
    return "emb:" + hashlib.sha256(parts).hexdigest()[:16]
""", """
from urllib.parse import quote

def cache_key(model, dimensions, text):
    joined = "::".join([quote(model, safe=""), str(dimensions), quote(text, safe="")])
    return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()
""", """
def cache_key(model, dimensions, text):
    digest = hashlib.sha1()
    for part in (model, str(dimensions), text):
        digest.update(f"{len(part)}|{part}|".encode())
    return digest.hexdigest()
""", """
class Keys:
    def hash(self, text):
        return hashlib.sha256(text.encode()).hexdigest()

def cache_key(model, dimensions, text):
    whole = json.dumps([model, dimensions, text])
    return whole if len(whole) < 100 else Keys().hash(whole)
"""],
    "02.2": ["""
def store(redis, key, vector, ttl):
    redis.setex(key, ttl, json.dumps(vector))
""", """
def store(redis, key, vector, ttl):
    with redis.pipeline() as pipe:
        pipe.set(key, json.dumps(vector), ex=ttl)
        pipe.execute()
"""],
    "02.3": ["""
def to_send(texts, cached):
    sending = []
    for text in texts:
        if text not in cached and text not in sending:
            sending.append(text)
    return sending
"""],
    "05.1": ["""
def get_safely(memory, text, fetch):
    if text not in memory:
        memory[text] = fetch(text).tolist()
    return np.array(memory[text])
"""],
    "03.1": ["""
def saved(payload):
    return 1 - (memory.key_bytes(payload) - 18) / memory.key_bytes(payload)
"""],
    "04.2": ["""
def flips(exact, decoded, threshold):
    before, after = np.array(exact) >= threshold, np.array(decoded) >= threshold
    return np.sum(~before & after), np.sum(before & ~after)
"""],
    "04.3": ["""
def read(redis, key, text, embed, codec):
    if not redis.exists(key):
        redis.setex(key, 86_400, codec.encode(embed(text)))
    return codec.decode(redis.get(key))
"""],
    "05.2": ["""
def choose_size(distances, requests, target):
    for size in range(1, requests + 1):
        if (distances <= size).sum() / requests >= target:
            return size
"""],
    "07.2": ["""
def promote(redis, key, answer, expires_at, now):
    if expires_at > now:
        redis.psetex(key, max(1, int(1000 * (expires_at - now))), answer)
"""],
    "07.3": ["""
def judge(log):
    hits = [row for row in log if row[0] != "LLM"]
    wrong = [row for row in hits if row[1] != row[2]]
    return [len(hits) / len(log), np.float64(len(wrong) / len(hits)) if hits else 0]
""", """
def judge(log):
    hits = [row[1] != row[2] for row in log if row[0] != "LLM"]
    return np.array([len(hits) / len(log), np.mean(hits) if hits else 0.0])
"""],
    "08.1": ["""
def choose(rows, grid, limit, doubt, bound):
    passed = []
    for threshold in grid:
        right = [same for score, same in rows if score >= threshold]
        wrong = sum(not same for same in right)
        if right and bound(wrong, len(right), confidence=1 - doubt / len(grid)) <= limit:
            passed.append(threshold)
    return min(passed, default=None)
"""],
    "09.1": ["""
def effect(pairs, verifier, threshold):
    refused = [p for p in pairs if p[2] >= threshold and not verifier(*p[:3])]
    return np.array([sum(p[3] for p in refused), sum(not p[3] for p in refused)])
"""],
    "09.3": [
        """
from decimal import Decimal as D
def gain(noted, accepted, again, judge_price, call_price):
    return accepted * again * D(str(call_price)) - noted * D(str(judge_price))
""",
        """
from fractions import Fraction as F
def gain(noted, accepted, again, judge_price, call_price):
    return accepted * again * F(str(call_price)) - noted * F(str(judge_price))
""",
        """
def gain(noted, accepted, again, judge_price, call_price):
    return np.float32(accepted * again * call_price - noted * judge_price)
""",
        """
def gain(noted, accepted, again, judge_price, call_price):
    return np.array(accepted * again * call_price - noted * judge_price)
""",
    ],
    "10.2": ["""
def choose(entries, dims, spare, node, stored):
    block = np.empty(0, np.float32).itemsize * entries * dims
    fits = {name: entries * size <= node for name, size in stored.items()}
    if fits["matrix"] and block + block <= spare:
        return ["matrix", np.int64(2 * block)]
    return ["vector set" if fits["vector set"] else "divide", 0]
"""],
    "11.3": ["""
def keep(redis, key, value, seconds, mark, seen):
    script = redis.register_script(
        "local held = redis.call('GET', KEYS[2]) "
        "if held == false then held = '' end "
        "if held == ARGV[1] then "
        "redis.call('SET', KEYS[1], ARGV[2]) redis.call('EXPIRE', KEYS[1], ARGV[3]) return 1 end "
        "return 0"
    )
    return script(keys=[key, mark], args=[b"" if seen is None else seen, value, seconds]) == 1
"""],
    "12.4": ["""
from urllib.parse import quote

def own_scope(tenant, audience):
    return quote(tenant, safe="") + "/" + quote(audience, safe="")
""", """
import json

def own_scope(tenant, audience):
    return json.dumps([tenant, audience])
""", """
def own_scope(tenant, audience):
    return f"{len(tenant)}:{tenant}{audience}"
""", """
import base64

def own_scope(tenant, audience):
    return ".".join(base64.b64encode(name.encode()).decode() for name in (tenant, audience))
""", """
def own_scope(tenant, audience):
    return ":".join(n.replace("%", "%25").replace(":", "%3A") for n in (tenant, audience))
""", """
import hashlib, json

def own_scope(tenant, audience):
    return hashlib.sha256(json.dumps([tenant, audience]).encode()).hexdigest()
""", """
import hashlib

def own_scope(tenant, audience):
    return hashlib.sha256(repr((tenant, audience)).encode()).hexdigest()[:16]
""", """
from semcache.sharing import scope_of

def own_scope(tenant, audience):
    return scope_of(tenant, audience)
""", """
def own_scope(tenant, audience):
    return f"{tenant}-{len(tenant)}-{audience}-{len(audience)}"
"""],
    "14.3": ["""
def defence(none, own, promise):
    saved, at_most, promise = none.dollars - own.dollars, 100 * own.at_most, 100 * promise
    return [
        f"It saves $ {saved:.2f} a day on 3,000 requests.",
        f"With 95 % confidence {at_most:.1f} percent are wrong.",
        f"At {promise:.1f} percent we act.",
    ]
""", """
def defence(none, own, promise):
    saved, at_most, promise = none.dollars - own.dollars, 100 * own.at_most, 100 * promise
    return [
        f"It saves US${saved:,.2f} a day.",
        f"At most {at_most:.1f} per cent are wrong.",
        f"At {promise:.1f} per cent we act.",
    ]
""", """
def defence(none, own, promise):
    saved, at_most, promise = none.dollars - own.dollars, 100 * own.at_most, 100 * promise
    return [
        f"每天节省{saved:.2f}美元。",
        f"最多百分之{at_most:.1f}的回答是错的。",
        f"超过{promise:.1f}％就关掉缓存。",
    ]
"""],
}  # fmt: skip


class _TooLong(BaseException):
    """A mutant that does not end is refused by whoever runs it."""


@contextmanager
def at_most(timer: int, alarm: int, seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(alarm, stop)
    signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(alarm, before)


def waiting(seconds: float) -> AbstractContextManager[None]:
    return at_most(signal.ITIMER_REAL, signal.SIGALRM, seconds)


def computing(seconds: float) -> AbstractContextManager[None]:
    """As long on a busy machine: only the processor's time counts."""
    return at_most(signal.ITIMER_PROF, signal.SIGPROF, seconds)


def changed(before: str, after: str) -> str:
    """Return the line that a mutant has and its source has not."""
    return next(li[2:] for li in ndiff(before.splitlines(), after.splitlines()) if li[:2] == "+ ")


@every_exercise
def test_an_exercise_refuses_small_mistakes(page: Page, exercise: Exercise) -> None:
    if exercise.id in _OPEN:
        return
    before = ast.unparse(ast.parse(exercise.solution))
    accepted = {changed(before, m) for m in mutants(exercise.solution) if passes(m, exercise, page)}
    assert accepted - _ALIKE.get(exercise.id, {}).keys() == set()


def passes(source: str, exercise: Exercise, page: Page) -> bool:
    try:
        with waiting(2), computing(0.7), np.errstate(all="ignore"):
            return exercise.judge(answer(source, exercise, page))[0] == "[x]"
    except (_TooLong, Exception):  # as good as refused
        return False


@every_exercise
def test_an_exercise_accepts_other_styles(page: Page, exercise: Exercise) -> None:
    for source in _RIGHT.get(exercise.id, ()):
        assert exercise.judge(answer(source, exercise, page)) == ("[x]", ""), source
