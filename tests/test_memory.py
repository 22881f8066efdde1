"""The stored memory numbers of lesson 03 hold on a real Redis 8, and measuring harms nobody."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pytest
import redis

from semcache.course import memory
from semcache.course.memory import Measurement, measure
from semcache.course.memory import __main__ as command
from semcache.course.memory.record import to_json
from semcache.lab.redis_server import MISSING, RedisServer, start_redis

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

AGAIN = "measure again with `python -m semcache.course.memory`, then `make lessons ARGS=03`"


@pytest.fixture(scope="module")
def fresh() -> Iterator[Measurement]:
    with start_redis() as server, redis.Redis.from_url(server.url) as client:
        yield measure.measure(client, own_server=True)


@pytest.fixture
def same_allocator(fresh: Measurement) -> None:
    theirs, ours = fresh.allocator.split("-")[0], memory.stored().allocator.split("-")[0]
    if theirs != ours:
        pytest.skip(f"this server's memory is handed out by {theirs}, the stored one's by {ours}")


@pytest.mark.usefixtures("same_allocator")
def test_every_stored_number_holds_within_5_percent(fresh: Measurement) -> None:
    old = memory.stored()
    assert len(old.rows) == len(fresh.rows) > 20
    for before, now in zip(old.rows, fresh.rows, strict=True):
        assert (before.value, before.dims, before.fields) == (now.value, now.dims, now.fields)
        for name in ("payload", "key", "key_ttl", "field", "field_ttl"):
            want = pytest.approx(getattr(before, name), rel=0.05)
            assert getattr(now, name) == want, f"{before} {name}: {AGAIN}"
        assert now.encoding == before.encoding, AGAIN
    assert fresh.classes == pytest.approx(old.classes, rel=0.05), AGAIN
    assert fresh.limits == old.limits, AGAIN


@pytest.mark.usefixtures("same_allocator")
def test_the_memory_limit_still_does_what_is_stored(fresh: Measurement) -> None:
    old, now = memory.stored().eviction, fresh.eviction
    assert old is not None and now is not None
    assert now.every == old.every
    assert now.string[-1] == pytest.approx(old.string[-1], rel=0.05), AGAIN
    assert max(now.hash) == pytest.approx(max(old.hash), rel=0.05), AGAIN
    assert now.refused == pytest.approx(old.refused, rel=0.05), AGAIN
    assert drops(now.hash) == drops(old.hash) >= 1, AGAIN
    assert drops(now.string) == 0


def drops(counts: list[int]) -> int:
    """How often nearly everything was gone at once."""
    return sum(later < 0.1 * earlier for earlier, later in pairwise(counts))


@pytest.mark.usefixtures("same_allocator")
def test_from_64_bytes_on_an_entry_is_a_block_and_a_constant(fresh: Measurement) -> None:
    rows = [r for r in fresh.rows if r.fields == measure.ENTRIES and r.payload >= 64]
    assert len(rows) > 10
    for row in rows:
        rounded = memory.block(round(row.payload))
        over = [used - rounded for used in (row.key, row.key_ttl, row.field, row.field_ttl)]
        assert over == pytest.approx([78, 108, 72, 90], abs=4), row


@pytest.mark.usefixtures("same_allocator")
def test_a_field_is_compared_with_a_key_that_has_a_ttl_if_it_has_one(fresh: Measurement) -> None:
    vectors = [row for row in fresh.rows if row.dims]
    assert [r.key - r.field for r in vectors] == pytest.approx([6] * len(vectors), abs=4)
    assert [r.key_ttl - r.field_ttl for r in vectors] == pytest.approx([18] * len(vectors), abs=5)


def test_what_is_written_is_what_is_read(fresh: Measurement, tmp_path: Path) -> None:
    file = tmp_path / "memory.json"
    file.write_text(to_json(fresh), encoding="utf-8")
    assert asdict(memory.stored(file)) == asdict(fresh)


def test_somebody_elses_server_is_left_as_it_was(
    redis8_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REDIS_URL", redis8_server.url)
    monkeypatch.setattr(command, "FILE", tmp_path / "memory.json")
    monkeypatch.setattr(measure, "CODECS", ("int8",))
    monkeypatch.setattr(measure, "TINY", (64, 65))
    with redis.Redis.from_url(redis8_server.url) as client:
        client.flushall()
        client.mset({"emb:mine": "1", "embeddings": "2"})
        limits = client.config_get("maxmemory*")
        command.main()
        assert sorted(client.keys()) == [b"emb:mine", b"embeddings"]
        assert client.config_get("maxmemory*") == limits
        client.flushall()
    assert not command.FILE.exists(), "only a measurement on a server of our own is stored"
    table = capsys.readouterr().out
    assert redis8_server.version in table and "int8" in table and "listpack" in table
