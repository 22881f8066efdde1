"""Read a scope, entry by entry: its answers from whichever index has them, and its embeddings."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from semcache import codecs, keys
from semcache.answers.exact import exact_pages
from semcache.embedding import entry
from semcache.errors import CodecError, ConfigError
from semcache.index.pages import Entry, Page, pages, pages_of_keys, scanned
from semcache.ports import RedisPort
from semcache.question import only
from semcache.server import is_foreign
from semcache.transfer.format import Record, end, fields_of, header, opened, text_of, write

__all__ = ["Left", "export_scope", "records"]

CHUNK = 256  # keys read on one trip
_STRINGS = ("string", "compressed")
_LEFT_OUT = ("expired", "damaged", "copy")  # kinds of record that are counted only


class Left(NamedTuple):
    """What an export wrote, and what it left out.

    Attributes:
        kinds: Records of each kind.
        expired: Entries whose time was over.
        damaged: Entries that cannot be read.
        copies: Copies of answers in the exact tier, made for similar questions.
    """

    kinds: dict[str, int]
    expired: int
    damaged: int
    copies: int


async def export_scope(
    redis: RedisPort,
    scope: str,
    path: Path,
    clock: Callable[[], float],
    tell: Callable[[int], object] = lambda count: None,
) -> Left:
    """Write a scope to a file; not all of it is in memory at once.

    Answers go with their tags and their LLM, for ``invalidate``. A copy that the exact tier made
    for a similar question stays behind: it is served only as long as nothing was deleted where it
    was made, which another scope cannot know. The question finds its answer by similarity there,
    and is copied again.

    What is written meanwhile may be in the file or not. The file has its name only once it is
    whole.

    Args:
        redis: The port to the server.
        scope: The scope.
        path: The file; compressed if it ends in ``.gz``.
        clock: Seconds since the epoch.
        tell: Called with 1 for each record.

    Raises:
        ConfigError: The file cannot be written, or the scope has nothing.
        redis.RedisError: Redis failed.
    """
    counts: dict[str, int] = {}
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        with opened(partial, "w") as file:
            write(file, header(scope, clock()))
            async for record in records(redis, scope, clock()):
                counts[record["kind"]] = counts.get(record["kind"], 0) + 1
                if record["kind"] not in _LEFT_OUT:
                    write(file, record)
                    tell(1)
            out = [counts.pop(kind, 0) for kind in _LEFT_OUT]
            write(file, end(sum(counts.values())))
        if not counts and not any(out):
            raise ConfigError(f"there is nothing in the scope {scope!r}: is it spelt right?")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return Left(counts, *out)


async def records(redis: RedisPort, scope: str, now: float) -> AsyncIterator[Record]:
    """Yield a record for each entry; one of a kind in ``_LEFT_OUT`` for what stays."""
    prefix = keys.scope_prefix(scope)
    for answers in (pages(redis, keys.namespace(scope, "semantic")), exact_pages(redis, scope)):
        async with aclosing(answers):
            async for page in answers:
                for record in _answers(page, prefix, now):
                    yield record
    async for record in _others(redis, prefix, now):
        yield record


def _answers(page: Page, prefix: str, now: float) -> Iterator[Record]:
    yield from [{"kind": "damaged"}] * page.damaged
    for one in page.entries:
        yield _answer(one, page.layout, prefix, now)


def _answer(one: Entry, layout: str, prefix: str, now: float) -> Record:
    """Return the record of an answer, with its vector if it belongs to an index."""
    if one.answer.source is not None:
        return {"kind": "copy"}
    if one.answer.expires_at <= now:
        return {"kind": "expired"}
    id, namespace = one.id.decode(), one.namespace
    if not layout:
        return {"kind": "exact", "rest": id[len(prefix) :], **fields_of(one.answer)}
    if not one.numbers:
        return {"kind": "damaged"}
    return {
        "kind": "answer",
        "index": layout,
        "rest": namespace[len(prefix) :],
        "id": id.removeprefix(f"{namespace}entry:"),  # of RedisVLIndex, where it is a whole key
        **fields_of(one.answer),
        "vector": text_of(one.numbers),
    }


async def _others(redis: RedisPort, prefix: str, now: float) -> AsyncIterator[Record]:
    """Yield what is no answer: embeddings, and lists of what goes with an answer."""
    strings: list[str] = []
    async for name in redis.keys(prefix):
        key = name.decode()
        kind = key[len(prefix) :].partition(":")[0]
        if kind in _STRINGS:
            strings.append(key)
            if len(strings) == CHUNK:
                for record in await _strings(redis, prefix, strings, now):
                    yield record
                strings = []
        elif kind == "copies":
            for record in await _copies(redis, prefix, key, now):
                yield record
        elif kind == "hash":
            async for record in _fields(redis, prefix, key, now):
                yield record
    for record in await _strings(redis, prefix, strings, now):
        yield record


async def _strings(redis: RedisPort, prefix: str, names: Sequence[str], now: float) -> list[Record]:
    replies = await redis.send([("GET", key) for key in names])
    made = []
    for key, data in zip(names, replies, strict=True):
        if data is None:  # it has just expired
            continue
        rest = key[len(prefix) :]
        own = {"kind": "embedding", "rest": rest}
        made.append(_embedding(data, rest, rest.rpartition(":")[2], now, own))
    return made


def _embedding(data: Any, rest: str, digest: str, now: float, own: Record) -> Record:
    try:
        codec = codecs.get(unquote(rest.split(":")[3]))
        found = entry.unpack(data if isinstance(data, bytes) else b"", codec, digest)
    except (CodecError, ConfigError, IndexError):
        return {"kind": "damaged"}
    if found.expires_at <= now:
        return {"kind": "expired"}
    return {**own, "data": text_of(data)}


async def _copies(redis: RedisPort, prefix: str, key: str, now: float) -> list[Record]:
    """Return the list of what is deleted with an answer, without the copies, which stay."""
    members, left = await redis.send([("SMEMBERS", key), ("PTTL", key)])
    if is_foreign(members):
        return [{"kind": "damaged"}]

    async def listed() -> AsyncIterator[bytes]:
        for member in only([members]):
            if member.startswith(prefix.encode()):
                yield member

    rests = [
        one.id.decode()[len(prefix) :]
        async for page in pages_of_keys(redis, listed(), "", 1, "GET")
        for one in page.entries
        if one.answer.source is None
    ]
    until = None if left < 0 else now + left / 1_000
    own = {"kind": "copies", "rest": key[len(prefix) :], "expires_at": until}
    return [{**own, "members": sorted(rests)}] if rests else []


async def _fields(redis: RedisPort, prefix: str, key: str, now: float) -> AsyncIterator[Record]:
    rest = key[len(prefix) :]
    async for fields in scanned(redis, "HSCAN", key):
        for field, data in fields.items():
            own = {"kind": "field", "rest": rest, "digest": field.decode()}
            yield _embedding(data, rest, own["digest"], now, own)
