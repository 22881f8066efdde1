"""Checks of lesson 11: one fetch for many, a client that gives up in time, a write that may not."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import fakeredis
import redis

from semcache.course.exercises import Exercise
from semcache.lab.hanging import HangingServer

OBJECTIVES = {
    "11.a": "let one caller fetch what many want at once",
    "11.b": "set a Redis client's options so that a server that hangs holds no request for long",
    "11.c": "keep an answer that is on its way from coming back after its deletion",
    "11.d": "say what a lease that outlives its owner breaks, and make the late write harmless",
}

QUESTIONS = (
    "How long would a Redis that hangs hold one request of your service today?",
    "Which of your jobs holds a lock with an expiry, and what happens when the job is slower?",
)

PATIENCE = 2.0  # seconds until a thread counts as stuck


class _Flights(dict[Any, Any]):
    """A dictionary that notes which threads have looked into it, and unguarded writes."""

    def __init__(self, lock: Any) -> None:
        super().__init__()
        self.looked: set[int] = set()
        self.unguarded = False
        self.looked_without: Callable[[], object] = lambda: None
        self._lock = lock

    def _noted(self, found: Any) -> Any:
        self.looked.add(threading.get_ident())
        if not self._lock.locked():
            self.looked_without()
        return found

    def __contains__(self, key: object) -> bool:
        return bool(self._noted(super().__contains__(key)))

    def __getitem__(self, key: Any) -> Any:
        try:
            found = super().__getitem__(key)
        except KeyError:
            self._noted(None)
            raise
        return self._noted(found)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.unguarded |= not self._lock.locked()
        super().__setitem__(key, value)

    def get(self, key: Any, default: Any = None) -> Any:
        return self._noted(super().get(key, default))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return self._noted(super().setdefault(key, default))


class _Lock:
    """A lock that tells when it is given back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.given_back: Callable[[], object] = lambda: None
        self.acquire, self.locked = self._lock.acquire, self._lock.locked

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()
        self.given_back()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *raised: object) -> None:
        self.release()


class _Stopped(BaseException):
    """What is no Exception, as a KeyboardInterrupt is none."""


class _Callers:
    """Threads that call an answer to exercise 11.1, and what came of it."""

    def __init__(self, once: Callable[..., Any], value: object = "v") -> None:
        self.lock = _Lock()
        self.flights = _Flights(self.lock)
        self.fetched: list[Any] = []
        self.inside, self.go = threading.Event(), threading.Event()
        self.got: list[Any] = []
        self.threads: list[threading.Thread] = []
        self._once, self._value = once, value

    def _fetch(self, key: Any) -> Any:
        self.fetched.append(key)
        self.inside.set()
        self.go.wait(PATIENCE)
        if isinstance(self._value, BaseException):
            raise self._value
        return self._value

    def _call(self, key: Any) -> None:
        try:
            self.got.append(self._once(self.flights, self.lock, key, self._fetch))
        except BaseException as error:  # also what stands for a KeyboardInterrupt
            self.got.append(error)

    def start(self, key: Any, callers: int) -> None:
        """Start callers, and wait until all have looked, or one more than the first fetches."""
        before = len(self.threads)
        for _ in range(callers):
            thread = threading.Thread(target=self._call, args=(key,), daemon=True)
            thread.start()
            self.threads.append(thread)
        ends = time.monotonic() + PATIENCE / 4
        names = {thread.ident for thread in self.threads[before:]}
        while not names <= self.flights.looked and time.monotonic() < ends:
            time.sleep(0.005)
        time.sleep(0.02)

    def are_done(self) -> bool:
        """Wait until all threads have ended; return whether they have."""
        ends = time.monotonic() + PATIENCE / 2
        for thread in self.threads:
            thread.join(max(0.0, ends - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads)


def _verify_once(once: Callable[..., Any]) -> str | None:
    patience: list[Any] = []
    result = Future.result

    def noting(flight: Future[Any], timeout: float | None = None) -> Any:
        patience.append(timeout)
        return result(flight, timeout)

    with patch.object(Future, "result", noting):
        complaint = _four_at_once(once) or _another_key(once)
        complaint = complaint or _another_comes_between(once) or _leader_is_quick(once)
        complaint = complaint or _an_error(once, OSError("the API is down"))
        complaint = complaint or _an_error(once, _Stopped())
    if complaint is None and any(seconds is not None for seconds in patience):
        return "whoever waits gives up after a while, and an LLM may take longer."
    return complaint


def _four_at_once(once: Callable[..., Any]) -> str | None:
    for value in ("v", None):
        callers = _Callers(once, value)
        callers.start("text", 1)
        if not dict.__contains__(callers.flights, "text"):
            return (
                "while a key is fetched, flights does not hold it; the threads share nothing else."
            )
        callers.start("text", 3)
        callers.go.set()
        if not callers.are_done():
            return "four threads asked for one key, and not all of them came back."
        if len(callers.fetched) != 1:
            ran = len(callers.fetched)
            return f"four threads asked for one key at once, and fetch ran {ran} times."
        if callers.fetched != ["text"]:
            return f"fetch was called with {callers.fetched[0]!r}, not with the key."
        if callers.got != [value] * 4:
            return f"fetch returned {value!r}, and the four callers got {callers.got}."
        if callers.flights:
            return "after the fetch, flights is not empty: a later call would not fetch anew."
        callers.start("text", 1)
        if not callers.are_done() or len(callers.fetched) != 2:
            return "a call after the first has ended does not fetch anew."
        if callers.flights.unguarded:
            return "between the look into flights and the write another thread can do the same."
    return None


def _another_key(once: Callable[..., Any]) -> str | None:
    for one, another in (("text", "another"), (1, "1")):
        callers = _Callers(once)
        callers.start(one, 1)
        callers.inside.wait(PATIENCE)
        callers.start(another, 1)
        both = callers.fetched == [one, another]
        callers.go.set()
        if not callers.are_done() or not both:
            return f"while {one!r} is fetched, a caller of {another!r} has to wait for it."
    return _one_ends(once)


def _one_ends(once: Callable[..., Any]) -> str | None:
    """The flight of one key ends while that of another goes on."""
    callers = _Callers(once)
    callers.start("slow", 1)
    callers.inside.wait(PATIENCE)
    once(callers.flights, callers.lock, "quick", lambda key: "v")
    callers.start("slow", 1)
    callers.go.set()
    if not callers.are_done() or len(callers.fetched) != 1:
        return "when the fetch of one key ends, another key's, still under way, is forgotten."
    return None


def _another_comes_between(once: Callable[..., Any]) -> str | None:
    """A second caller comes whenever the first has let go of the lock and has not written yet."""
    callers, has_come = _Callers(once), False

    def come() -> None:
        nonlocal has_come
        if not (has_come or callers.fetched or dict.__contains__(callers.flights, "text")):
            has_come = True
            callers.start("text", 1)

    callers.lock.given_back = callers.flights.looked_without = come
    callers.start("text", 1)
    callers.go.set()
    if callers.are_done() and len(callers.fetched) == 1:
        return None
    return "between the look into flights and the write another thread can do the same."


def _leader_is_quick(once: Callable[..., Any]) -> str | None:
    """The leader ends as soon as the follower has given the lock back."""
    callers = _Callers(once)
    callers.start("text", 1)
    (leader,) = callers.threads

    def end() -> None:
        if threading.current_thread() is not leader:
            callers.go.set()
            leader.join(PATIENCE)

    callers.lock.given_back = end
    callers.start("text", 1)
    callers.go.set()
    if callers.are_done() and callers.got == ["v", "v"] and len(callers.fetched) == 1:
        return None
    return (
        "a follower looks into flights again after it gave the lock back: the leader may be done "
        "by then, and the flight gone."
    )


def _an_error(once: Callable[..., Any], error: BaseException) -> str | None:
    callers, kind = _Callers(once, error), "an exception"
    if not isinstance(error, Exception):
        kind = "what is no Exception, as a KeyboardInterrupt is none"
    callers.start("text", 1)
    callers.start("text", 1)
    callers.go.set()
    if not callers.are_done():
        return f"fetch raised {kind}, and a caller that waited for it waits for ever."
    if [type(got) for got in callers.got] != [type(error)] * 2:
        return f"fetch raised {error!r} for two callers, and they got {callers.got}."
    if callers.flights:
        return "fetch raised, and its key stays in flights: it would be asked for never again."
    if len(callers.fetched) != 1:
        return "fetch raised, and the caller that waited for it fetched once more."
    return None


# seconds, retries
_WAITS = ((0.3, 2), (0.4, 1), (0.2, 0), (0.1, 3))


def _verify_bounded_client(bounded_client: Callable[..., Any]) -> str | None:
    with HangingServer() as hanging:
        for seconds, retries in _WAITS:
            client = bounded_client(hanging.url, seconds, retries)
            complaint = _complaint(client, seconds, retries)
            if complaint is None and retries == 0:
                complaint = _forgotten(bounded_client(f"{hanging.url.rpartition('/')[0]}/2", 1, 0))
            if complaint is not None:
                return f"bounded_client(url, {seconds}, {retries}): {complaint}"
            with suppress(redis.RedisError):
                client.get("key")
            tries = hanging.tries()
            if tries != 1 + retries:
                return (
                    f"bounded_client(url, {seconds}, {retries}) tried the server at the url "
                    f"{tries} times, not once and {retries} times more."
                )
    return None


def _complaint(client: Any, seconds: float, retries: int) -> str | None:
    if not isinstance(client, redis.Redis):
        return f"this is of type {type(client).__name__}, not a redis.Redis."
    options = client.connection_pool.connection_kwargs
    for name in ("socket_timeout", "socket_connect_timeout"):
        held = (options.get(name) or float("inf")) * (1 + retries)
        if abs(held - seconds) > 0.01 * seconds:
            return f"{name} lets {1 + retries} tries take {held:.3g} s in all, not {seconds} s."
    backoff = getattr(options.get("retry"), "_backoff", None)
    if retries and backoff is not None and any(backoff.compute(n) > 0 for n in (1, retries)):
        return "it pauses between the tries, which comes on top of their time."
    if options.get("decode_responses"):
        return "it returns text, but a cached vector is bytes."
    return None


def _forgotten(client: redis.Redis) -> str | None:
    """What of a url that ends in /2 the client has lost."""
    if client.connection_pool.connection_kwargs.get("db") != 2:
        return "a url may name a database, as .../2 does, and this client asks another one."
    return None


class _Interrupted(fakeredis.FakeRedis):
    """A client; between its first and its second trip another process changes a key."""

    def interrupt(self, act: Callable[[], Any]) -> None:
        """Do something before the second trip."""
        take = self.connection_pool.get_connection
        trips = []

        def taken(*args: Any, **kwargs: Any) -> Any:
            trips.append(1)
            if len(trips) == 2:
                act()
            return take(*args, **kwargs)

        self.connection_pool.get_connection = taken  # type: ignore[method-assign]


# what the mark holds, what was seen, whether the value may be written
_MARKS: tuple[tuple[bytes | None, bytes | None, bool], ...] = (
    (b"7", b"7", True),
    (None, None, True),
    (b"8", b"7", False),
    (b"7", None, False),
    (None, b"7", False),
    (b"None", None, False),
    (None, b"None", False),
    (b"\xff'\"7", b"\xff'\"7", True),
    (b"\xff'\"8", b"\xff'\"7", False),
)


def _verify_keep(keep: Callable[..., Any]) -> str | None:
    for number, (holds, seen, may) in enumerate(_MARKS):
        server = fakeredis.FakeServer(server_type="redis", version=(8, 2))
        client = fakeredis.FakeRedis(server=server)
        mark, key, value, seconds = f"mark-{number}", f"key-{number}", b"\x93new", 100 + number
        client.set(key, b"old")
        if holds is not None:
            client.set(mark, holds)
        said = keep(client, key, value, seconds, mark, seen)
        written = client.get(key) == value
        was = "was written" if written else "was not written"
        case = f"the mark holds {holds!r} and {seen!r} was seen; the value {was}"
        if written != may:
            return f"{case}."
        if bool(said) != may:
            return f"{case}, but keep returned {said!r}."
        if written and not seconds - 2 < client.ttl(key) <= seconds:
            return f"keep was given {seconds} seconds, and Redis says {client.ttl(key)}."
        if client.get(mark) != holds:
            return "keep changed the mark, which belongs to those who delete."
        if not may and client.get(key) != b"old":
            return "keep had nothing to write, and what was there is gone."
    return _verify_one_step(keep) or _verify_one_trip(keep)


def _verify_one_step(keep: Callable[..., Any]) -> str | None:
    server = fakeredis.FakeServer(server_type="redis", version=(8, 2))
    client, other = _Interrupted(server=server), fakeredis.FakeRedis(server=server)
    client.set("mark", b"7")
    client.interrupt(lambda: other.set("mark", b"8"))
    keep(client, "key", b"new", 60, "mark", b"7")
    if other.get("mark") == b"8" and other.get("key") == b"new":
        return "a deletion came between keep's look at the mark and its write, unnoticed."
    return None


def _verify_one_trip(keep: Callable[..., Any]) -> str | None:
    client = fakeredis.FakeRedis(server_type="redis", version=(8, 2))
    keep(client, "key", b"new", 60, "mark", None)  # a script may have to be loaded first
    kind: Any = client.connection_pool.connection_class
    send, send_packed = kind.send_command, kind.send_packed_command
    trips, scripts = [], []

    def noting(connection: Any, *args: Any, **options: Any) -> Any:
        if str(args[0]).upper() in {"EVAL", "EVALSHA", "FCALL"}:
            scripts.append({str(key) for key in args[3 : 3 + int(args[2])]})
        return send(connection, *args, **options)

    def counting(connection: Any, *args: Any, **options: Any) -> Any:
        trips.append(1)
        return send_packed(connection, *args, **options)

    with (
        patch.object(kind, "send_command", noting),
        patch.object(kind, "send_packed_command", counting),
    ):
        keep(client, "key", b"new", 60, "mark", None)
    if len(trips) != 1:
        return f"keep went to Redis {len(trips)} times: one script looks and writes in one trip."
    if any(not {"key", "mark"} <= keys for keys in scripts):
        return "a key belongs among the KEYS of the script: by them a cluster finds the node."
    return None


_ONCE = """
from concurrent.futures import Future


def once(flights, lock, key, fetch):
    with lock:
        flight = flights.get(key)
        leads = flight is None
        if leads:
            flight = flights[key] = Future()
    if leads:
        try:
            flight.set_result(fetch(key))
        except BaseException as error:
            flight.set_exception(error)
        with lock:
            del flights[key]
    return flight.result()
"""

_BOUNDED = """
def bounded_client(url, seconds, retries):
    each = seconds / (1 + retries)
    return redis.Redis.from_url(
        url,
        socket_timeout=each,
        socket_connect_timeout=each,
        retry=Retry(NoBackoff(), retries),
    )
"""

_KEEP = '''
def keep(redis, key, value, seconds, mark, seen):
    script = """
    if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
    return 1
    """
    return bool(redis.eval(script, 2, mark, key, seen or b"", value, seconds))
'''

EXERCISES = (
    Exercise(
        id="11.1",
        objectives=("11.a",),
        name="once",
        hint="Look and write under the lock, fetch outside it. A Future() takes set_result or "
        "set_exception from the one who fetches; result() waits for it, and raises the exception.",
        solution=_ONCE,
        wrong=(
            "def once(flights, lock, key, fetch):\n    return fetch(key)\n",
            "def once(flights, lock, key, fetch):\n    with lock:\n        return fetch(key)\n",
            # one fetch, but under the lock
            """
def once(flights, lock, key, fetch):
    with lock:
        if key not in flights:
            flights[key] = fetch(key)
        return flights[key]
""",
            # two look, one after the other, before either writes
            """
from concurrent.futures import Future


def once(flights, lock, key, fetch):
    with lock:
        flight = flights.get(key)
    if flight is not None:
        return flight.result()
    with lock:
        flight = flights[key] = Future()
    try:
        flight.set_result(fetch(key))
    except BaseException as error:
        flight.set_exception(error)
    with lock:
        flights.pop(key, None)
    return flight.result()
""",
            """
from concurrent.futures import Future


def once(flights, lock, key, fetch):
    if (flight := flights.get(key)) is not None:
        return flight.result()
    flight = Future()
    with lock:
        flights[key] = flight
    try:
        flight.set_result(fetch(key))
    except BaseException as error:
        flight.set_exception(error)
    with lock:
        flights.pop(key, None)
    return flight.result()
""",
            # the follower looks again without the lock
            """
from concurrent.futures import Future


def once(flights, lock, key, fetch):
    with lock:
        leads = key not in flights
        if leads:
            flights[key] = Future()
    if not leads:
        return flights[key].result()
    flight = flights[key]
    try:
        flight.set_result(fetch(key))
    except BaseException as error:
        flight.set_exception(error)
    with lock:
        del flights[key]
    return flight.result()
""",
            # the followers get nothing
            """
from concurrent.futures import Future


def once(flights, lock, key, fetch):
    with lock:
        if key in flights:
            return None
        flights[key] = Future()
    try:
        return fetch(key)
    finally:
        with lock:
            del flights[key]
""",
            # any key is the same key
            _ONCE.replace("flights.get(key)", "flights.get(0)").replace(
                "flights[key]", "flights[0]"
            ),
            _ONCE.replace(", fetch):\n", ", fetch):\n    key = str(key)\n"),
            # a dict of its own
            _ONCE.replace("def once", "mine = {}\n\n\ndef once")
            .replace("flights[key]", "mine[key]")
            .replace("flights.get", "mine.get"),
            _ONCE.replace("flight.result()", "flight.result(timeout=1)"),
            # who waits is never told of a KeyboardInterrupt
            _ONCE.replace("except BaseException", "except Exception"),
            # a memo for ever
            _ONCE.replace("        with lock:\n            del flights[key]\n", ""),
            # who waited for an error fetches once more
            _ONCE.replace(
                "    return flight.result()\n",
                "    try:\n        return flight.result()\n    except Exception:\n"
                "        return flight.result() if leads else fetch(key)\n",
            ),
            # the end of one flight ends all
            _ONCE.replace("del flights[key]", "flights.clear()"),
            # the error stays with the leader
            _ONCE.replace("flight.set_exception(error)", "raise"),
            # None is taken for "not there yet"
            _ONCE.replace("return flight.result()", "return flight.result() or fetch(key)"),
            # two may look at the same time
            """
from concurrent.futures import Future


def once(flights, lock, key, fetch):
    leads = key not in flights
    if leads:
        flights[key] = Future()
    flight = flights[key]
    if leads:
        try:
            flight.set_result(fetch(key))
        except Exception as error:
            flight.set_exception(error)
        del flights[key]
    return flight.result()
""",
        ),
        verify=_verify_once,
    ),
    Exercise(
        id="11.2",
        objectives=("11.b",),
        name="bounded_client",
        hint="One try and `retries` more share the seconds. Connecting has a timeout of its own, "
        "and a Retry has pauses unless its backoff is NoBackoff().",
        solution=_BOUNDED,
        wrong=(
            _BOUNDED.replace("seconds / (1 + retries)", "seconds"),
            _BOUNDED.replace("seconds / (1 + retries)", "seconds / max(1, retries)"),
            _BOUNDED.replace("        socket_connect_timeout=each,\n", ""),
            _BOUNDED.replace("        socket_timeout=each,\n", ""),
            _BOUNDED.replace("        retry=Retry(NoBackoff(), retries),\n", ""),
            _BOUNDED.replace("NoBackoff(), retries", "NoBackoff(), 1 + retries"),
            _BOUNDED.replace("NoBackoff(), retries", "NoBackoff(), 0"),
            _BOUNDED.replace("NoBackoff()", "ExponentialBackoff()").replace(
                "    each", "    from redis.backoff import ExponentialBackoff\n    each", 1
            ),
            _BOUNDED.replace("seconds / (1 + retries)", "0.1"),
            _BOUNDED.replace("seconds / (1 + retries)", "round(seconds / (1 + retries), 1)"),
            _BOUNDED.replace("        url,\n", "        url.rpartition('/')[0],\n"),
            _BOUNDED.replace("        url,\n", "        'redis://127.0.0.1:1/0',\n"),
            _BOUNDED.replace("        url,\n", "        url,\n        decode_responses=True,\n"),
        ),
        verify=_verify_bounded_client,
    ),
    Exercise(
        id="11.3",
        objectives=("11.c", "11.d"),
        name="keep",
        hint="WRITE, just above, is nearly it: KEYS are the mark and the key, ARGV the rest. "
        "`(x or '') ~= ARGV[1]` compares no key with an empty text, and None is sent as one.",
        solution=_KEEP,
        wrong=(
            # two trips
            """
def keep(redis, key, value, seconds, mark, seen):
    if redis.get(mark) != seen:
        return False
    return bool(redis.set(key, value, ex=seconds))
""",
            # two in one pipeline, but the look is another trip
            """
def keep(redis, key, value, seconds, mark, seen):
    held = redis.get(mark)
    if held != seen:
        return False
    with redis.pipeline() as pipe:
        pipe.set(key, value)
        pipe.expire(key, seconds)
        pipe.execute()
    return True
""",
            # writes whatever the mark says
            """
def keep(redis, key, value, seconds, mark, seen):
    return bool(redis.set(key, value, ex=seconds))
""",
            # a transaction that watches the mark: one step, three trips
            """
def keep(redis, key, value, seconds, mark, seen):
    with redis.pipeline() as pipe:
        pipe.watch(mark)
        if pipe.get(mark) != seen:
            return False
        pipe.multi()
        pipe.set(key, value, ex=seconds)
        try:
            return bool(pipe.execute())
        except Exception:
            return False
""",
            _KEEP.replace('seen or b""', "str(seen) if seen is None else seen").replace(
                "or '')", "or 'None')"
            ),
            _KEEP.replace('seen or b""', 'seen.decode() if seen else ""'),
            _KEEP.replace('b"", value,', 'b"", value.decode(),'),
            _KEEP.replace("2, mark, key, ", "1, mark, ")
            .replace(", value, seconds)", ", value, seconds, key)")
            .replace("KEYS[2]", "ARGV[4]"),
            _KEEP.replace('script = """', 'script = f"""').replace(
                "ARGV[1]", "'{(seen or bytes()).decode()}'"
            ),
            _KEEP.replace("(redis.call('GET', KEYS[1]) or '')", "redis.call('GET', KEYS[1])"),
            _KEEP.replace("ARGV[3]", "60"),
            _KEEP.replace(", 'EX', ARGV[3]", ""),
            _KEEP.replace("'EX', ARGV[3]", "'EX', ARGV[3], 'NX'"),
            _KEEP.replace("'EX', ARGV[3]", "'PX', ARGV[3]"),
            _KEEP.replace("return bool(", "return True or bool("),
            _KEEP.replace("    return 1\n", "    redis.call('DEL', KEYS[1])\n    return 1\n"),
            _KEEP.replace("then return 0 end", "then redis.call('DEL', KEYS[2]) return 0 end"),
        ),
        verify=_verify_keep,
    ),
)
