"""``python -m semcache warm``, ``export`` and ``import``."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import redis as redis_py

from semcache.answers import HybridLLMCache
from semcache.blocking import BLOCKING, run
from semcache.client import CacheTransport
from semcache.embedding.progress import progress_bar
from semcache.errors import CacheUnavailable, ConfigError, InvalidInput
from semcache.evaluate.report import say
from semcache.options import check_scope
from semcache.replay.arguments import typed
from semcache.replay.designs import parse_ttl
from semcache.replay.log import Log, read_log
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES
from semcache.transfer.arriving import INDEXES, import_scope
from semcache.transfer.format import read
from semcache.transfer.leaving import export_scope
from semcache.transfer.warming import warm

__all__ = [
    "Outside",
    "add_export_arguments",
    "add_import_arguments",
    "add_warm_arguments",
    "run_export",
    "run_import",
    "run_warm",
]

_EXIT = (
    "Exit code 0: done. 1: nothing was done, or not all, since Redis or the API failed. 2: a file, "
    "a value or an option cannot be used. The reason is on stderr."
)
_NAMES = {
    "answer": "answers with vectors",
    "exact": "answers of the exact tier",
    "copies": "lists of what is deleted together",
    "embedding": "embeddings",
    "field": "embeddings in a hash",
}
_INTO = {"client": CacheTransport, "hybrid": HybridLLMCache}


class Outside(NamedTuple):
    """What the commands are given by whoever starts them.

    Attributes:
        redis: Returns a client of the Redis at a URL; of ``REDIS_URL`` for ``None``.
        api: Returns a client of the API, its embedding model and its LLM.
        read: Reads a log.
    """

    redis: Callable[[str | None], Any]
    api: Callable[[], tuple[Any, str, str]]
    read: Callable[[Path], Log] = read_log


def _add_redis(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--redis", metavar="URL", help="(default: the variable REDIS_URL)")
    parser.epilog = _EXIT


def add_warm_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``warm`` to its parser."""
    add = parser.add_argument
    add("log", type=Path, help="with text and answer, and if there: time, tenant; what pairs reads")
    add("--scope", required=True, metavar="S", help="of the cache that is to have them")
    add(
        "--into",
        choices=list(_INTO),
        default="client",
        help="the cache that has the scope. client: cached(OpenAI(), redis), for chat completions "
        "that send the model nothing but messages; hybrid: HybridLLMCache (default: %(default)s)",
    )
    add("--tenant", metavar="NAME", help="only this tenant's; needed if the log has several")
    add("--model", help="whose answers they are (default: gpt-4o-mini; offline its LLM)")
    add("--system", metavar="TEXT", help="the system prompt of the requests (default: none)")
    add("--ttl", type=typed(parse_ttl), default=3_600.0, help="from now on, as 12h (default: 1h)")
    add(
        "--rules",
        choices=["default", "none"],
        default="default",
        help="of admission, for questions and answers (default: %(default)s)",
    )
    add("--fold-case", action="store_true", help="as the cache has it")
    add("--fold-spaces", action="store_true", help="as the cache has it")
    add("--replace", action="store_true", help="also where the cache has an answer already")
    _add_redis(parser)


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export`` to its parser."""
    parser.add_argument("scope", help="whose answers and embeddings")
    parser.add_argument("file", type=Path, help="JSON Lines; compressed if it ends in .gz")
    _add_redis(parser)


def add_import_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import`` to its parser."""
    add = parser.add_argument
    add("file", type=Path, help="what export wrote")
    add("scope", help="where it goes; may be another than it came from")
    add(
        "--index",
        choices=list(INDEXES),
        help="where answers go (default: the index that they came from)",
    )
    _add_redis(parser)


def run_warm(options: argparse.Namespace, outside: Outside) -> None:
    """Fill a cache ahead from a log.

    Raises:
        SemcacheError: The log, an option or the server cannot be used.
        openai.OpenAIError: The embedding API failed.
    """
    check_scope(options.scope)
    log = _of_tenant(outside.read(options.log), options)
    api, embedding_model, chat_model = outside.api()
    options.model = chat_model if options.model is None else options.model
    by_default = options.rules == "default"
    cache = _INTO[options.into](
        outside.redis(options.redis),
        api,
        scope=options.scope,
        embedding_model=embedding_model,
        ttl=options.ttl,
        rules=DEFAULT_RULES if by_default else (),
        answer_rules=ANSWER_RULES if by_default else (),
        fold_case=options.fold_case,
        fold_spaces=options.fold_spaces,
        on_error="raise",
    )
    given = {"model": options.model, "system": options.system, "replace": options.replace}
    with progress_bar(len(log), 0, sys.stderr.isatty()) as bar:
        try:
            done = warm(cache, log, **given, tell=bar.update)
        except InvalidInput as error:
            raise InvalidInput(f"{options.log}: {error}") from None
    for remark in log.remarks:
        say(remark)
    say(
        f"{options.log}: {len(log):,} requests. Kept {done.kept:,} answers in the scope "
        f"{options.scope!r}.\nThey are for {_asker(options, api)}, and embeds by "
        f"{embedding_model}.\nRefused by a rule: {done.refused:,}. There already: {done.there:,}. "
        f"Asked again later: {done.older:,}.\nSkipped, without an answer or too long to be "
        f"embedded: {done.skipped:,}."
    )


def _asker(options: argparse.Namespace, api: Any) -> str:
    """Return who finds the answers, in words."""
    if options.into == "hybrid":
        return f"a HybridLLMCache that asks {options.model}"
    where = api.base_url.copy_with(userinfo=b"", query=None)  # which may hold a key
    return f"a cached client that sends {options.model} at {where} nothing but messages"


def _of_tenant(log: Log, options: argparse.Namespace) -> Log:
    """Return the part of a log whose answers may be shared."""
    tenants = sorted({str(tenant) for tenant in log.tenant or () if tenant is not None})
    if options.tenant is None:
        if len(tenants) > 1:
            raise ConfigError(
                f"{options.log}: {len(tenants)} tenants, who may not be given each other's "
                f"answers: choose one, as --tenant {tenants[0]}"
            )
        return log
    if options.tenant not in tenants:
        raise ConfigError(f"{options.log}: no tenant {options.tenant!r}")
    rows = [at for at, tenant in enumerate(log.tenant or ()) if tenant == options.tenant]
    columns: dict[str, Any] = {
        name: None if column is None else [column[at] for at in rows]
        for name, column in vars(log).items()
        if name != "remarks"
    }
    return replace(log, **columns)


def run_export(options: argparse.Namespace, outside: Outside) -> None:
    """Write a scope to a file.

    Raises:
        SemcacheError: The file, the scope or the server cannot be used.
    """
    check_scope(options.scope)
    port = BLOCKING.redis(outside.redis(options.redis))
    with progress_bar(0, 0, sys.stderr.isatty()) as bar:
        try:
            done = run(export_scope(port, options.scope, options.file, time.time, bar.update))
        except redis_py.RedisError as error:
            raise CacheUnavailable(f"Redis failed: {error}") from error
    say(f"{options.file}: {_counted(done.kinds)} of the scope {options.scope!r}.")
    if done.copies:
        say(f"Not in it: {done.copies:,} copies for similar questions, which are made again there.")
    if done.expired or done.damaged:
        say(f"Left out: {done.expired:,} expired, {done.damaged:,} damaged.")


def run_import(options: argparse.Namespace, outside: Outside) -> None:
    """Write a file into a scope.

    Raises:
        SemcacheError: The file, the scope or the server cannot be used.
    """
    check_scope(options.scope)
    total = sum(1 for _ in read(options.file))  # refuses a damaged file before Redis is asked
    port = BLOCKING.redis(outside.redis(options.redis))
    parts = options.file, options.scope, time.time, BLOCKING.flights()
    with progress_bar(total, 0, sys.stderr.isatty()) as bar:
        try:
            done = run(import_scope(port, *parts, index=options.index, tell=bar.update))
        except redis_py.RedisError as error:
            raise CacheUnavailable(
                f"Redis failed: {error}. A part may be there: import the file again"
            ) from error
    say(f"{options.file}: {_counted(done.kinds)}, now in the scope {options.scope!r}.")
    if done.expired:
        say(f"Left out: {done.expired:,}, whose time is over.")


def _counted(kinds: dict[str, int]) -> str:
    said = [f"{count:,} {_NAMES[kind]}" for kind, count in sorted(kinds.items())]
    return ", ".join(said) or "nothing"
