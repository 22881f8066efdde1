"""Checks of lesson 03: what a hash saves, how long its entries live, a TTL for each field."""

import math
from collections.abc import Callable
from typing import Any

import fakeredis

from semcache.course.exercises import Exercise
from semcache.course.sent import commands_of

OBJECTIVES = {
    "03.a": "choose between many keys and one hash by measured memory",
    "03.b": "say how long an entry lives when its hash has one TTL",
    "03.c": "give each field of a hash a TTL of its own, in one command",
}

QUESTIONS = (
    "How large are the values in your own Redis, and how long are the names of their keys?",
    "Which of your keys has no TTL, and was that meant? This lists them: redis-cli --scan | "
    """while read -r key; do [ "$(redis-cli ttl "$key")" = -1 ] && echo "$key"; done""",
)


def _verify_saved(saved: Callable[[int], Any]) -> str | None:
    # payload -> about 18 bytes as a part of the value's block and a key's 108
    for payload, block in ((6_156, 7_168), (404, 448), (64, 80), (34_072, 40_960), (1_548, 1_792)):
        found = saved(payload)
        if found is None:
            return "it returned nothing: return the part, do not print it."
        answer, right = float(found), 18 / (block + 108)
        given = f"for a value of {payload:,} bytes it gives {answer:.4g}"
        if any(answer == round(part / (block + 108), d) for part in (6, 18) for d in (2, 3, 4)):
            return f"{given}; answers are compared to 0.1 %, do not round."
        if math.isclose(answer, right, rel_tol=0.001):
            continue
        if math.isclose(answer, 36 / (block + 108), rel_tol=0.03):
            return f"{given}: a key with a TTL was compared with a field without one."
        if math.isclose(answer, 6 / (block + 78), rel_tol=0.03) or answer == 6 / (block + 108):
            return f"{given}: that is less than an entry with a TTL saves."
        if answer > 0.2:
            return f"{given}: a percentage, or the part that remains? The part saved is asked."
        return f"{given}, which was not measured."
    return None


def _verify_lives(lives: Callable[[list[float], float], Any]) -> str | None:
    if lives([0], 24) != 24:
        return "when nothing else is written, the first entry lives for one TTL."
    if lives([0, 23], 24) != 47:
        return "a write at hour 23 starts the TTL of the whole hash anew."
    if lives([0, 30], 24) != 24 or lives([0, 20, 50], 24) != 44:
        return "a write after the hash has expired cannot bring the first entry back."
    if lives([0, 30, 40], 24) != 24:
        return "writes into the second hash do not matter to an entry of the first."
    if lives([0, 24], 24) != 24:
        return "at hour 24 the hash is gone, and a write then begins another."
    if lives([100, 110], 24) != 34:
        return "count from the first write, which need not be at hour 0."
    if lives([0, 5, 11], 6) != 11 or lives([0, 40, 90], 48) != 88:
        return "a hash may have another TTL than 24 hours."
    if lives([0, 0.5, 1.75], 1) != 1.5:
        return "an hour has parts: half an hour after a write is 0.5."
    if lives(list(range(0, 240, 12)), 24) != 252:
        return "with a write every 12 hours for ten days, the first entry lives on and on."
    return None


_AGAIN, _NEW = "Wieder", "Zürich?"
_WEEK = 604_800


def _verify_store(store: Callable[[Any, str, str, bytes, int], object]) -> str | None:
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer(server_type="redis", version=(8, 2)))
    redis.hset("h", "old", b"1")
    redis.hexpire("h", 30, "old")
    sent = commands_of(redis, pipelines=True)
    store(redis, "h", _AGAIN, b"1", 7_200)
    store(redis, "h", _AGAIN, b"\x01vector", _WEEK)
    sent.clear()
    store(redis, "h", _NEW, b"\x00vector", 60)
    commands = list(sent)
    store(redis, "another", "f", bytes(range(256)), 90)
    if not redis.hexists("h", "old"):
        return "a field that was there before is gone."
    if redis.hget("another", "f") != bytes(range(256)):
        return "in a second hash the field does not hold the value, byte by byte."
    if redis.hget("h", _NEW) != b"\x00vector":
        return f"the field {_NEW!r} does not hold the value, unchanged."
    if redis.ttl("h") != -1:
        return "the whole hash has a TTL now; every other field would go with it."
    if redis.httl("h", _NEW) not in ([60], [59]):
        left = redis.httl("h", _NEW)[0]
        return f"the field has {'no TTL' if left == -1 else f'a TTL of {left} s'}, not of 60 s."
    if redis.hget("h", _AGAIN) != b"\x01vector":
        return "a field that was there already keeps its old value."
    if redis.httl("h", _AGAIN) not in ([_WEEK], [_WEEK - 1]):
        return f"a field written with {_WEEK:,} seconds to live has another TTL."
    if redis.httl("h", "old") not in ([30], [29]):
        return "the TTL of another field has changed."
    if len(commands) != 1:
        return f"it sent {', '.join(commands)}: value and TTL belong in one command."
    return None


EXERCISES = (
    Exercise(
        id="03.1",
        objectives=("03.a",),
        name="saved",
        hint="How many bytes are saved does not depend on the payload; the table shows it. Of how "
        "many they are saved does.",
        solution="""
def saved(payload):
    return 18 / memory.key_bytes(payload)
""",
        wrong=(
            """
def saved(payload):
    return 36 / memory.key_bytes(payload)
""",
            """
def saved(payload):
    return 6 / memory.key_bytes(payload)
""",
            """
def saved(payload):
    return 18 / payload
""",
            """
def saved(payload):
    return 18 / (payload + 108)
""",
            """
def saved(payload):
    return (memory.key_bytes(payload) - 18) / memory.key_bytes(payload)
""",
            """
def saved(payload):
    return 100 * 18 / memory.key_bytes(payload)
""",
            """
def saved(payload):
    return 0.0025
""",
            """
def saved(payload):
    return 18 / (memory.key_bytes(payload) + 18)
""",
            """
def saved(payload):
    return round(18 / memory.key_bytes(payload), 4)
""",
        ),
        verify=_verify_saved,
    ),
    Exercise(
        id="03.2",
        objectives=("03.b",),
        name="lives",
        hint="Keep the hour at which the hash ends. Which writes move it, and which come too late?",
        solution="""
def lives(writes, ttl):
    end = writes[0] + ttl
    for hour in writes[1:]:
        if hour < end:
            end = hour + ttl
        else:
            break
    return end - writes[0]
""",
        wrong=(
            """
def lives(writes, ttl):
    return ttl
""",
            """
def lives(writes, ttl):
    return writes[-1] + ttl - writes[0]
""",
            """
def lives(writes, ttl):
    end = writes[0] + ttl
    for hour in writes[1:]:
        if hour < end:
            end = hour + ttl
    return end
""",
            """
def lives(writes, ttl):
    end = writes[0] + ttl
    for before, hour in zip(writes, writes[1:]):
        if hour - before < ttl:
            end = hour + ttl
    return end - writes[0]
""",
            """
def lives(writes, ttl):
    return writes[0] + ttl + sum(hour for hour in writes[1:2] if hour < ttl)
""",
            """
def lives(writes, ttl):
    end = writes[0] + ttl
    for hour in writes[1:]:
        if hour > end:
            break
        end = hour + ttl
    return end - writes[0]
""",
        ),
        verify=_verify_lives,
    ),
    Exercise(
        id="03.3",
        objectives=("03.c",),
        name="store",
        hint="The lesson's HSETEX does it. In redis-py the TTL in seconds is called ex.",
        solution="""
def store(redis, key, field, value, ttl):
    redis.hsetex(key, field, value, ex=ttl)
""",
        wrong=(
            """
def store(redis, key, field, value, ttl):
    redis.hset(key, field, value)
    redis.expire(key, ttl)
""",
            """
def store(redis, key, field, value, ttl):
    redis.hset(key, field, value)
    redis.hexpire(key, ttl, field)
""",
            """
def store(redis, key, field, value, ttl):
    redis.hsetex(key, field, value, px=ttl)
""",
            """
def store(redis, key, field, value, ttl):
    redis.hsetex(key, field, value, ex=60)
""",
            """
def store(redis, key, field, value, ttl):
    redis.hsetex(key, field, value, ex=ttl, data_persist_option="FNX")
""",
            """
def store(redis, key, field, value, ttl):
    redis.hset(key, field, value)
""",
            """
def store(redis, key, field, value, ttl):
    redis.delete(key)
    redis.hsetex(key, field, value, ex=ttl)
""",
            """
def store(redis, key, field, value, ttl):
    redis.hsetex(key, field, value, ex=min(ttl, 86_400))
""",
            """
def store(redis, key, field, value, ttl):
    redis.hsetex(key, field.lower(), value, ex=ttl)
""",
            """
def store(redis, key, field, value, ttl):
    pipe = redis.pipeline()
    pipe.hset(key, field, value)
    pipe.hexpire(key, ttl, field)
    pipe.execute()
""",
        ),
        verify=_verify_store,
    ),
)
