"""connect(): a lab bench that works on the first day, without a server or a key.

===========================  =========================================================
environment variable         what it changes
===========================  =========================================================
``REDIS_URL``                a real Redis instead of fakeredis, as redis://host:port/db
``SEMCACHE_ONLINE=1``        a real API instead of the offline one
``OPENAI_API_KEY``           its key
``OPENAI_BASE_URL``          any server that speaks the same protocol
``SEMCACHE_EMBEDDING_MODEL`` its embedding model (text-embedding-3-small)
``SEMCACHE_CHAT_MODEL``      its chat model (gpt-4o-mini)
===========================  =========================================================
"""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import fakeredis
import redis
from openai import AsyncOpenAI, OpenAI
from redis.asyncio import Redis as AsyncRedis

from semcache import keys
from semcache.clients import redis_client
from semcache.errors import CacheUnavailable, ConfigError
from semcache.lab.offline import OfflineAPI
from semcache.lab.online import OnlineAPI

__all__ = ["Lab", "RoundTrips", "connect", "open_api", "open_redis"]

REDIS_SECONDS = 0.9  # to connect, and for each answer


@dataclass
class RoundTrips:
    """How often a client went to Redis and back; a pipeline goes once."""

    count: int = 0


@dataclass
class Lab:
    """What a lesson works with: a Redis client, an API client, and the names of its models.

    Attributes:
        redis: A client that returns bytes.
        openai: The API client.
        async_redis: A client of the same Redis for async code.
        async_openai: The same API for async code.
        embedding_model: The model to ask for embeddings.
        chat_model: The model to ask for answers.
        api: Counts calls and tokens; the offline one also scripts faults.
        scope: Where this lab's keys live; empty when :func:`connect` was given none.
        description: What the lab is connected to, in one line.
    """

    redis: redis.Redis
    async_redis: AsyncRedis
    openai: OpenAI
    async_openai: AsyncOpenAI
    embedding_model: str
    chat_model: str
    api: OfflineAPI | OnlineAPI
    scope: str
    description: str

    def narrate(self, on: bool = True) -> None:
        """Print what the caches do from now on, or stop doing so."""
        logger = logging.getLogger("semcache")
        logger.handlers = [h for h in logger.handlers if not isinstance(h, _Narrator)]
        if on:
            logger.addHandler(_Narrator())
        logger.setLevel(logging.INFO if on else logging.NOTSET)

    def warnings(self) -> list[str]:
        """Return a list to which the caches' warnings are added from now on, unprinted."""
        collector = _Collector()
        logging.getLogger("semcache").addHandler(collector)
        return collector.lines

    @contextmanager
    def round_trips(self) -> Iterator[RoundTrips]:
        """Count the round trips to Redis inside a ``with`` block.

        Example:
            >>> lab = connect(quiet=True)
            >>> with lab.round_trips() as trips:
            ...     _ = lab.redis.get("a"), lab.redis.mget("a", "b", "c")
            >>> trips.count
            2
        """
        trips = RoundTrips()
        pools = self.redis.connection_pool, self.async_redis.connection_pool
        with _counted(pools[0], trips), _counted(pools[1], trips):
            yield trips

    def clear(self) -> None:
        """Delete all keys of this lab's scope, and no others."""
        if self.scope:
            for prefix in (keys.scope_prefix(self.scope), f"{self.scope}:"):
                for key in self.redis.scan_iter(f"{prefix}*", count=1_000):
                    self.redis.unlink(key)

    def __repr__(self) -> str:
        return f"<Lab: {self.description}>"


@contextmanager
def _counted(pool: Any, trips: RoundTrips) -> Iterator[None]:
    """Count what takes a connection: every command and every pipeline takes one."""
    take = pool.get_connection

    def counted(*args: Any, **kwargs: Any) -> Any:
        trips.count += 1
        return take(*args, **kwargs)

    pool.get_connection = counted
    try:
        yield
    finally:
        pool.get_connection = take


class _Narrator(logging.StreamHandler[Any]):
    """Writes to whatever sys.stdout is at that moment, which in Jupyter is the running cell."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


class _Collector(logging.Handler):
    """Collects warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def connect(scope: str = "", *, quiet: bool = False) -> Lab:
    """Return a :class:`Lab`, and print in one line what it is connected to.

    Args:
        scope: Where the caller's keys live. Whatever an earlier run left there is deleted, so
            that a lesson starts from the same state on any server. Letters, digits and ``-``.
        quiet: Print nothing.

    Raises:
        CacheUnavailable: ``REDIS_URL`` is set and nothing usable answers there within a second.
        ConfigError: An environment variable is missing or cannot be used.

    Example:
        >>> lab = connect("demo")
        semcache lab: fakeredis (in this process); offline API with multilingual-e5-small
    """
    if scope and not scope.replace("-", "").isalnum():
        raise ConfigError(f"scope {scope!r}: use letters, digits and '-'")
    if scope == "semcache":
        raise ConfigError("scope 'semcache' would clear every scope's keys: choose another")
    client, async_client, server = open_redis()
    api = open_api()
    lab = Lab(
        client,
        async_client,
        api.client,
        api.async_client,
        api.embedding_model,
        api.chat_model,
        api.counter,
        scope,
        f"{server}; {api.description}",
    )
    lab.clear()
    if not quiet:
        print(f"semcache lab: {lab.description}")
    return lab


def open_redis() -> tuple[redis.Redis, AsyncRedis, str]:
    """Return the two clients of the Redis that the environment asks for, and what it is in short.

    Raises:
        CacheUnavailable: Nothing usable answers within a second.
        ConfigError: ``REDIS_URL`` cannot be used.
    """
    url = os.environ.get("REDIS_URL", "")
    if not url:
        server = fakeredis.FakeServer(server_type="redis", version=(8, 2))
        clients = fakeredis.FakeRedis(server=server), fakeredis.FakeAsyncRedis(server=server)
        return *clients, "fakeredis (in this process)"
    try:
        client = redis_client(url, timeout=REDIS_SECONDS)
        info: Any = client.info("server")
    except ValueError:  # whose message may hold a piece of the password
        raise ConfigError(
            "REDIS_URL cannot be used: write redis://user:password@host:port/db, with %2F for a / "
            "in the password"
        ) from None
    except redis.AuthenticationError as error:
        raise CacheUnavailable(f"Redis refused the password in REDIS_URL: {error}") from error
    except redis.RedisError as error:
        raise CacheUnavailable(
            f"no Redis answers at {_address(url)}: start one there, change REDIS_URL, or unset "
            f"it to use fakeredis ({error})"
        ) from error
    if client.get_encoder().decode_responses:
        raise ConfigError("REDIS_URL asks for decode_responses, but vectors are bytes: remove it")
    async_client = redis_client(url, timeout=REDIS_SECONDS, asynchronous=True)
    return client, async_client, f"Redis {info['redis_version']} at {_address(url)}"


@dataclass(frozen=True)
class Api:
    """The API that the environment asks for."""

    client: OpenAI
    async_client: AsyncOpenAI
    embedding_model: str
    chat_model: str
    counter: OfflineAPI | OnlineAPI
    description: str


def open_api() -> Api:
    """Return the API that the environment asks for; nothing is sent yet.

    Raises:
        ConfigError: It asks for a real API without a key.
    """
    if os.environ.get("SEMCACHE_ONLINE", "") in ("", "0"):
        offline = OfflineAPI()
        model = "multilingual-e5-small"
        clients = (offline.client(), offline.async_client())
        return Api(*clients, model, "offline-mini", offline, f"offline API with {model}")
    base_url = os.environ.get("OPENAI_BASE_URL") or None
    key = os.environ.get("OPENAI_API_KEY") or ("none" if base_url else "")
    if not key:
        raise ConfigError(
            "SEMCACHE_ONLINE is set but OPENAI_API_KEY is not: set it, or unset SEMCACHE_ONLINE "
            "to work offline"
        )
    model = os.environ.get("SEMCACHE_EMBEDDING_MODEL", "text-embedding-3-small")
    chat_model = os.environ.get("SEMCACHE_CHAT_MODEL", "gpt-4o-mini")
    online = OnlineAPI(key, base_url)
    where = f"API at {_address(base_url or 'https://api.openai.com')} with {model} and {chat_model}"
    return Api(online.client(), online.async_client(), model, chat_model, online, where)


def _address(url: str) -> str:
    """The part of a URL that may be shown: no user, no password, no query."""
    scheme, _, rest = url.partition("://")
    rest = rest.rpartition("@")[2]  # by hand: a password may hold a character that ends a host
    return rest.partition("?")[0] if scheme == "unix" else re.split("[/?#]", rest)[0]
