"""Move a scope to another scope or server, and fill a cache ahead: over real parts."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from fakes import Clock, VectorAPI
from semantic_bench import MINI, ChatAPI, Drawn

from semcache import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    HybridLLMCache,
    MatrixIndex,
    VectorSetIndex,
    keys,
)
from semcache.blocking import BLOCKING, run
from semcache.errors import ConfigError, InvalidInput, UnsupportedServer
from semcache.index import RedisVLIndex
from semcache.lab.redis_server import MISSING, start_redis
from semcache.replay.log import Log
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES
from semcache.transfer import export_scope, import_scope, warm
from semcache.transfer.format import end, header, opened, read, write

INDEXES = {"matrix": MatrixIndex, "vectorset": VectorSetIndex, "redisvl": RedisVLIndex}
PLACES = ["matrix-fakeredis_", "vectorset-fakeredis_", "matrix-redis8", "vectorset-redis8",
          "redisvl-redis_with_search"]  # fmt: skip
QUESTIONS = ["what is a bear@0", "怎么退款@40", "third@80", "gone@120", "for ever@150"]


class Place:
    """A cache of one index on one server, and what else a scope holds."""

    def __init__(self, index: str, redis: Any, scope: str, clock: Clock, llm: ChatAPI) -> None:
        self.redis, self.clock, self.llm = redis, clock, llm
        self.cache = HybridLLMCache(
            redis, llm.client(), scope=scope, embedding_cache=Drawn(), clock=clock,
            index=INDEXES[index], threshold=0.99, ttl=1_000,
        )  # fmt: skip
        given = {"scope": scope, "clock": clock, "model": "vectors-4"}
        self.embeddings = [
            kind(redis, VectorAPI().client(), **given)
            for kind in (EmbeddingCache, HashEmbeddingCache, CompressedEmbeddingCache)
        ]

    def fill(self) -> None:
        for number, question in enumerate(QUESTIONS):
            ttl = {3: 10, 4: None}.get(number, 1_000)
            self.cache.get_or_generate(question, MINI, ttl=ttl)
        self.cache.get_or_generate("a bear, what is it@1", MINI)  # promoted
        for number, cache in enumerate(self.embeddings):
            cache.get_embeddings_batch(["x", f"y{number}"])

    def answers(self) -> list[str]:
        """What it answers to all that was asked, and to what is similar; nothing is generated."""
        asked = [*QUESTIONS[:3], QUESTIONS[4], "a bear, what is it@1", "similar@79", "similar@-2"]
        before = len(self.llm.requests)
        said = [self.cache.get_or_generate(question, MINI, keep=False) for question in asked]
        assert len(self.llm.requests) == before, "something was not there"
        return said


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> tuple[str, Any]:
    index, server = request.param.split("-")
    if index == "redisvl":
        pytest.importorskip("redisvl")
    return index, request.getfixturevalue(server)


def left(redis: Any, scope: str, path: Path, clock: Clock) -> Any:
    return run(export_scope(BLOCKING.redis(redis), scope, path, clock))


def arrived(redis: Any, path: Path, scope: str, clock: Clock, **more: Any) -> Any:
    flights = BLOCKING.flights()
    return run(import_scope(BLOCKING.redis(redis), path, scope, clock, flights, **more))


@pytest.mark.parametrize("name", ["scope.jsonl", "scope.jsonl.gz"])
def test_a_scope_moves_to_another_with_all_that_it_holds(place, name, tmp_path):
    index, connect = place
    clock, llm, redis, path = Clock(), ChatAPI(), connect(), tmp_path / name
    old = Place(index, redis, "old one", clock, llm)
    old.fill()
    before = old.answers()
    clock.advance(20)  # one of the answers expires by this clock, though not by the server's
    exported = left(redis, "old one", path, clock)
    assert (exported.expired, exported.damaged) == (2, 0)  # in either tier
    assert exported.kinds["answer"] == 4 and exported.kinds["exact"] == 7
    assert exported.kinds["embedding"] == 4 and exported.kinds["field"] == 2
    assert [entry.name for entry in tmp_path.iterdir()] == [name]

    done = arrived(redis, path, "new:one", clock)
    assert (done.kinds, done.expired) == (exported.kinds, 0)
    old.cache.clear_cache()
    new = Place(index, redis, "new:one", clock, llm)
    assert new.answers() == before
    for number, cache in enumerate(new.embeddings):
        assert all(cache.contains(["x", f"y{number}"]))
    # The time that was left is left still, and what was promoted goes with its source.
    assert new.cache.delete(QUESTIONS[0], MINI)
    llm.script.append("anew")
    assert new.cache.get_or_generate("a bear, what is it@1", MINI, keep=False) == "anew"
    assert len(llm.requests) == len(QUESTIONS) + 1
    clock.advance(981)
    new.cache.get_or_generate(QUESTIONS[1], MINI, keep=False)
    new.cache.get_or_generate(QUESTIONS[4], MINI, keep=False)  # lives for ever
    assert len(llm.requests) == len(QUESTIONS) + 2


def test_the_time_left_is_told_to_the_server_too(fakeredis_, tmp_path):
    clock, redis, path = Clock(), fakeredis_(), tmp_path / "scope.jsonl"
    Place("matrix", redis, "old", clock, ChatAPI()).fill()
    clock.advance(400)
    left(redis, "old", path, clock)
    arrived(redis, path, "new", clock)
    prefix = keys.scope_prefix("new")
    lives = [redis.pttl(key) for key in redis.scan_iter(f"{prefix}exact:*")]
    assert len(lives) == 5 and sum(life <= 600_000 for life in lives) == 4
    assert max(redis.ttl(key) for key in redis.scan_iter(f"{prefix}string:*")) <= 86_400 - 400


@pytest.mark.parametrize(("of", "to"), [("matrix", "vectorset"), ("vectorset", "matrix")])
def test_answers_move_from_one_index_to_another_and_to_another_server(of, to, tmp_path):
    clock, llm, path = Clock(), ChatAPI(), tmp_path / "scope.jsonl"
    servers = [fakeredis.FakeServer(server_type="redis", version=(8, 2)) for _ in range(2)]
    one, other = (fakeredis.FakeRedis(server=server) for server in servers)
    old = Place(of, one, "s", clock, llm)
    old.fill()
    left(one, "s", path, clock)
    arrived(other, path, "s", clock, index=to)
    assert Place(to, other, "s", clock, llm).answers() == old.answers()


def test_a_cache_that_has_read_the_scope_before_sees_what_arrives(fakeredis_, tmp_path):
    clock, llm, redis, path = Clock(), ChatAPI(), fakeredis_(), tmp_path / "scope.jsonl"
    Place("matrix", redis, "old", clock, llm).fill()
    new = Place("matrix", redis, "new", clock, llm)
    new.cache.get_or_generate("of its own@-90", MINI)
    left(redis, "old", path, clock)
    arrived(redis, path, "new", clock)
    assert len(new.answers()) == 7


def test_damage_in_redis_is_left_out_and_counted(fakeredis_, tmp_path):
    clock, redis, path = Clock(), fakeredis_(), tmp_path / "scope.jsonl"
    Place("matrix", redis, "s", clock, ChatAPI()).fill()
    exact, *_ = redis.scan_iter(f"{keys.scope_prefix('s')}exact:*")
    string, *_ = redis.scan_iter(f"{keys.scope_prefix('s')}string:*")
    (entries,) = redis.scan_iter(f"{keys.scope_prefix('s')}semantic:*entries")
    redis.set(exact, redis.get(exact)[:-1])
    redis.set(string, b"no vector")
    redis.hset(entries, next(iter(redis.hgetall(entries))), b"sa")
    assert left(redis, "s", path, clock).damaged == 3
    assert not arrived(redis, path, "t", clock).expired


def test_a_scope_without_anything_is_told(fakeredis_, tmp_path):
    with pytest.raises(ConfigError, match="nothing in the scope 'misspelt'"):
        left(fakeredis_(), "misspelt", tmp_path / "a.jsonl", Clock())
    assert not list(tmp_path.iterdir())


@pytest.fixture
def exported(fakeredis_, tmp_path) -> Path:
    path = tmp_path / "scope.jsonl"
    redis = fakeredis_()
    Place("matrix", redis, "s", Clock(), ChatAPI()).fill()
    left(redis, "s", path, Clock())
    redis.flushall()
    return path


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def spoilt(path: Path, kind: str) -> list[str]:
    lines = lines_of(path)
    if kind == "one character":
        lines[3] = lines[3].replace('"rest":"', '"rest":"x', 1)
    elif kind == "no JSON":
        lines[3] = lines[3][:-9] + "\n"
    elif kind == "a line less":
        del lines[3]
    elif kind == "cut short":
        del lines[-1]
    elif kind == "something after the end":
        lines.append(lines[3])
    return lines


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("one character", "line 4: it is damaged: its checksum is wrong"),
        ("no JSON", "line 4: it is damaged: no record"),
        ("a line less", r"line \d+: \d+ records, but \d+ were written"),
        ("cut short", r"line \d+: the end is missing"),
        ("something after the end", "there is something after the end"),
    ],
)
def test_a_damaged_file_is_refused_by_line_and_nothing_is_written(kind, says, exported, fakeredis_):
    exported.write_text("".join(spoilt(exported, kind)))
    with pytest.raises(InvalidInput, match=f"scope.jsonl, {says}|scope.jsonl, .*{says}"):
        arrived(fakeredis_(), exported, "t", Clock())
    assert not fakeredis_().keys()


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"kind": "answer", "rest": "semantic:m:", "id": "i", "index": "matrix", "vector": "AAA=",
          "answer": ["q"]}, "no answer"),
        ({"kind": "answer", "rest": "semantic:m:", "id": "i", "index": "matrix", "vector": "AAA=",
          "answer": ["q", "r", 0, None, 1]}, "no vector with a direction"),
        ({"kind": "answer", "rest": "semantic:m:", "id": "i", "index": "faiss", "vector": "ADw=",
          "answer": ["q", "r", 0, None, 1]}, "no index 'faiss'"),
        ({"kind": "embedding", "rest": "string:m:full:float32:d", "data": "!"}, "no bytes"),
        ({"kind": "embedding", "rest": "string:m:full:float32:d", "data": "AAAA"}, "no embedding"),
        ({"kind": "exact", "rest": "exact:m"}, "answer is missing"),
        ({"kind": "poem"}, "kind 'poem' is not known"),
    ],
)  # fmt: skip
def test_a_record_that_is_whole_and_cannot_be_written_is_refused_by_line(
    record, says, fakeredis_, tmp_path
):
    path = tmp_path / "made.jsonl"
    with opened(path, "w") as file:
        for one in (header("s", 0.0), record, end(1)):
            write(file, one)
    with pytest.raises(InvalidInput, match=f"made.jsonl, line 2: .*{says}"):
        arrived(fakeredis_(), path, "t", Clock())


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("text,answer\n", "no export of semcache"),
        ('{"a": 1}\n', "no export of semcache"),
        ({"format": "another", "version": 1}, "no export of semcache"),
        ({**header("s", 0.0), "version": 9}, "version 9, and this program reads version 1"),
    ],
)
def test_other_formats_and_versions_are_refused(first, says, fakeredis_, tmp_path):
    path = tmp_path / "other.jsonl"
    with opened(path, "w") as file:
        file.write(first) if isinstance(first, str) else write(file, first)
    with pytest.raises(ConfigError, match=says):
        arrived(fakeredis_(), path, "t", Clock())


def test_a_gz_that_is_none_is_refused(tmp_path):
    path = tmp_path / "scope.jsonl.gz"
    path.write_text("{}\n")
    with pytest.raises(InvalidInput, match="damaged, or no export"):
        list(read(path))
    path.write_bytes(gzip.compress(b"{}" * 5_000)[:-20])
    with pytest.raises(InvalidInput, match="damaged, or no export"):
        list(read(path))


def test_a_server_that_cannot_hold_an_index_is_told_before_anything_is_written(
    exported, fakeredis_
):
    with pytest.raises(UnsupportedServer, match=r"no FT\.SEARCH: use --index matrix"):
        arrived(fakeredis_(), exported, "t", Clock(), index="redisvl")
    assert not fakeredis_().keys()


# Warming -----------------------------------------------------------------------------------------


def made(redis: Any, llm: ChatAPI, **options: Any) -> HybridLLMCache:
    from semcache import connect

    lab = connect(quiet=True)
    cache = EmbeddingCache(redis, lab.openai, model=lab.embedding_model)
    return HybridLLMCache(redis, llm.client(), embedding_cache=cache, **options)


def test_a_log_fills_both_tiers_and_the_newest_answer_wins(fakeredis_):
    llm, clock = ChatAPI(), Clock()
    cache = made(fakeredis_(), llm, threshold=0.87, clock=clock, ttl=60)
    log = Log(
        ["What is Python?", "Refunds?", "What is Python? ", "No answer?", "word " * 9_000],
        ["new", "in 14 days", "old", None, "too long to be embedded"],
        time=[30.0, 20.0, 10.0, 40.0, 50.0],
    )
    assert warm(cache, log, model=MINI, system="Be kind.") == (2, 0, 0, 1, 2)
    ask = lambda text: cache.get_or_generate(text, MINI, system="Be kind.", keep=False)  # noqa: E731
    assert [ask("What is Python?"), ask("Python是什么？"), ask("Refunds?")] == [
        "new", "new", "in 14 days",
    ]  # fmt: skip
    assert not llm.requests and cache.exact_stats.hits == 2
    cache.get_or_generate("What is Python?", MINI)  # without the system prompt it is another's
    clock.advance(61)
    ask("Refunds?")
    assert len(llm.requests) == 2


def test_rules_of_admission_are_honoured(fakeredis_):
    llm, clock = ChatAPI(), Clock()
    cache = made(
        fakeredis_(), llm, clock=clock, rules=DEFAULT_RULES, answer_rules=ANSWER_RULES
    )  # fmt: skip
    refusal = "I'm sorry, but I can't help with that."
    log = Log(
        ["where is my invoice", "What is Rust?", "what is the price of gold today"],
        ["here", refusal, "high"],
    )
    assert warm(cache, log, model=MINI)[:2] == (1, 2)
    assert cache.get_or_generate("what is the price of gold today", MINI) == "high"
    clock.advance(61)  # which the rule lets live for a minute
    assert cache.get_or_generate("what is the price of gold today", MINI) == "answer 1"
    assert cache.semantic_cache(MINI).get_cache_size() == 0


def test_an_answer_that_is_there_is_left_unless_it_is_to_be_replaced(fakeredis_):
    llm = ChatAPI()
    cache = made(fakeredis_(), llm)
    cache.get_or_generate("What is Rust?", MINI)
    log = Log(["What is Rust?"], ["an older one"])
    assert warm(cache, log, model=MINI).there == 1
    assert cache.get_or_generate("What is Rust?", MINI) == "answer 1"
    assert warm(cache, log, model=MINI, replace=True).kept == 1
    assert cache.get_or_generate("What is Rust?", MINI) == "an older one"


def test_a_log_without_answers_is_refused(fakeredis_):
    with pytest.raises(InvalidInput, match="has no answers"):
        warm(made(fakeredis_(), ChatAPI()), Log(["q"]))


# The commands ------------------------------------------------------------------------------------


def command(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "semcache", *map(str, words)],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_warm_export_import_on_a_real_server(tmp_path):
    log, file = tmp_path / "log.jsonl", tmp_path / "scope.jsonl.gz"
    rows = [{"text": "What is Python?", "answer": "A language.", "tenant": "a"},
            {"text": "What is Rust?", "answer": "Iron and oxygen.", "tenant": "b"}]  # fmt: skip
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with start_redis() as server:
        where = {"REDIS_URL": server.url, "SEMCACHE_ONLINE": "0"}
        several = command("warm", log, "--scope", "shop", **where)
        assert several.returncode == 1 and "2 tenants" in several.stderr
        done = command("warm", log, "--scope", "shop", "--tenant", "a", **where)
        assert done.returncode == 0 and "Kept 1 answers" in done.stdout, done.stderr
        done = command("export", "shop", file, "--redis", server.url, REDIS_URL="")
        assert done.returncode == 0 and "1 answers with vectors" in done.stdout, done.stderr
        done = command("import", file, "other", "--index", "vectorset", **where)
        assert done.returncode == 0 and "now in the scope 'other'" in done.stdout, done.stderr
    done = command("export", "shop", file, **where)
    assert done.returncode == 1 and "nothing usable answers" in done.stderr
    done = command("export", "shop", file, REDIS_URL="")
    assert done.returncode == 1 and "set REDIS_URL" in done.stderr
