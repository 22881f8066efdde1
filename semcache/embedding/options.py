"""Refuse, at construction, clients and options that would fail later or silently."""

import math

import openai
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import RedisCluster as AsyncRedisCluster

from semcache.errors import ConfigError

__all__ = ["check_clients", "check_dimensions", "check_redis", "check_ttl"]


def check_clients(redis_client: object, openai_client: object) -> None:
    """Refuse clients that an embedding cache cannot use.

    Raises:
        ConfigError: Says what to change.
    """
    check_redis(redis_client)
    if isinstance(openai_client, openai.AsyncOpenAI) or not hasattr(openai_client, "embeddings"):
        raise ConfigError(f"openai_client is {_name(openai_client)}: pass an openai.OpenAI")


def check_redis(redis_client: object) -> None:
    """Refuse a client that returns text, or answers later.

    Raises:
        ConfigError: Says what to change.
    """
    asynchronous = isinstance(redis_client, AsyncRedis | AsyncRedisCluster)
    if asynchronous or not hasattr(redis_client, "get_encoder"):
        raise ConfigError(
            f"redis_client is {_name(redis_client)}: pass a redis.Redis or RedisCluster"
        )
    if redis_client.get_encoder().decode_responses:
        raise ConfigError(
            "redis_client was made with decode_responses=True, which turns cached vectors "
            "into text: make it with decode_responses=False"
        )


def check_dimensions(dimensions: int | None) -> None:
    """Refuse a length that no vector has.

    Raises:
        ConfigError: Below 1.
    """
    if dimensions is not None and dimensions < 1:
        raise ConfigError(f"dimensions is {dimensions}: give 1 or more, or None for the model's")


def check_ttl(ttl: float | None, jitter: float, on_error: str) -> None:
    """Refuse options outside their range.

    Raises:
        ConfigError: Names the option and its range.

    Example:
        >>> check_ttl(0, 0.0, "bypass")
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: ttl is 0: give seconds above 0, or None for no expiry
    """
    if ttl is not None and not (ttl > 0 and math.isfinite(ttl)):
        raise ConfigError(f"ttl is {ttl}: give seconds above 0, or None for no expiry")
    if not 0 <= jitter < 1:
        raise ConfigError(f"jitter is {jitter}: give a part of the TTL, at least 0 and below 1")
    if on_error not in ("bypass", "raise"):
        raise ConfigError(f"on_error is {on_error!r}: give 'bypass' or 'raise'")


def _name(value: object) -> str:
    return f"{type(value).__module__.split('.')[0]}.{type(value).__name__}"
