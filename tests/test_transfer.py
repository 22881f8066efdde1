"""Move a scope to another scope or server, and fill a cache ahead: over real parts."""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from client_bench import FACES, App, messages, text_of
from fakes import Clock, VectorAPI
from semantic_bench import MINI, ChatAPI, Drawn

from semcache import (
    CompressedEmbeddingCache,
    EmbeddingCache,
    HashEmbeddingCache,
    HybridLLMCache,
    MatrixIndex,
    VectorSetIndex,
    cache_of,
    cached,
    connect,
    keys,
    redis_client,
)
from semcache.__main__ import _parser, _redis
from semcache.blocking import BLOCKING, run
from semcache.clients import BEARABLE, seconds_held
from semcache.errors import ConfigError, InvalidInput, UnsupportedServer
from semcache.index import RedisVLIndex
from semcache.index.packed import Packed
from semcache.lab.redis_server import MISSING, start_redis
from semcache.replay.log import Log
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES
from semcache.transfer import export_scope, import_scope, warm
from semcache.transfer.command import Outside, run_warm
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
    assert exported.kinds["answer"] == 4 and exported.kinds["exact"] == 4
    assert exported.copies == 3 and "copies" not in exported.kinds
    assert exported.kinds["embedding"] == 4 and exported.kinds["field"] == 2
    assert [entry.name for entry in tmp_path.iterdir()] == [name]

    done = arrived(redis, path, "new:one", clock)
    assert (done.kinds, done.expired) == (exported.kinds, 0)
    old.cache.clear_cache()
    new = Place(index, redis, "new:one", clock, llm)
    assert new.answers() == before
    for number, cache in enumerate(new.embeddings):
        assert all(cache.contains(["x", f"y{number}"]))
    # The time that was left is left still, and what is promoted anew goes with its source.
    assert new.cache.delete(QUESTIONS[0], MINI)
    llm.script.append("anew")
    assert new.cache.get_or_generate("a bear, what is it@1", MINI, keep=False) == "anew"
    assert len(llm.requests) == len(QUESTIONS) + 1
    clock.advance(981)
    new.cache.get_or_generate(QUESTIONS[1], MINI, keep=False)
    new.cache.get_or_generate(QUESTIONS[4], MINI, keep=False)  # lives for ever
    assert len(llm.requests) == len(QUESTIONS) + 2


@pytest.mark.parametrize(
    ("wanted", "gone"),
    [({"tag": "doc:42"}, 1), ({"tag": "doc:1"}, 2), ({"model": MINI}, 2), ({"tag": "doc:9"}, 0)],
)
def test_what_an_answer_was_made_from_and_by_moves_with_it(place, wanted, gone, tmp_path):
    index, connect = place
    clock, llm, redis, path = Clock(), ChatAPI(), connect(), tmp_path / "scope.jsonl"
    old = Place(index, redis, "old", clock, llm).cache
    old.get_or_generate(QUESTIONS[0], MINI, tags=["doc:42", "doc:1"])
    old.get_or_generate(QUESTIONS[1], MINI, tags=["doc:1"])
    old.get_or_generate("a bear, what is it@1", MINI)  # promoted
    old.get_or_generate(QUESTIONS[2], "another")
    left(redis, "old", path, clock)
    arrived(redis, path, "new", clock)
    new = Place(index, redis, "new", clock, llm).cache
    assert new.semantic_cache(MINI).lookup(QUESTIONS[0]).tags == ("doc:1", "doc:42")
    assert new.invalidate(**wanted, dry_run=True) == new.invalidate(**wanted) == gone
    new.get_or_generate(QUESTIONS[0], MINI, keep=False)
    new.get_or_generate(QUESTIONS[2], "another", keep=False)
    assert len(llm.requests) == 3 + (gone > 0)


def test_a_turn_of_a_conversation_is_deleted_with_its_question_in_the_new_scope_too(tmp_path):
    lab, clock, path = connect(quiet=True), Clock(), tmp_path / "scope.jsonl"
    given = {
        "clock": clock,
        "embedding_model": lab.embedding_model,
        "threshold": 0.87,
        "standalone": lambda said: PYTHON,
    }
    turn = [{"role": "assistant", "content": "Well?"}, {"role": "user", "content": "What is it?"}]
    asked = {"model": lab.chat_model, "messages": [*messages("Hello"), *turn]}
    question = {"model": lab.chat_model, "messages": messages(PYTHON)}

    def shop(scope: str) -> Any:
        return cached(lab.openai, lab.redis, scope=scope, **given)

    shop("old").chat.completions.create(**asked)
    exported = left(lab.redis, "old", path, clock)
    assert exported.kinds["copies"] == exported.kinds["exact"] == 1 and not exported.copies
    arrived(lab.redis, path, "new", clock)
    new = cache_of(shop("new"))
    assert new.contains(**asked)
    assert new.delete(**question) and not new.contains(**asked)


def test_an_export_of_version_1_is_read(fakeredis_, tmp_path):
    path, clock = tmp_path / "old.jsonl", Clock()
    row = ["q", "r", clock(), clock() + 60, 1.0]
    exact = {"kind": "exact", "rest": "exact:m:typed:a:"}
    own = {**exact, "rest": f"{exact['rest']}own", "answer": row}
    copy = {**exact, "rest": f"{exact['rest']}copy", "answer": [*row[:4], 0.95, "source", "guard"]}
    with opened(path, "w") as file:
        for record in ({**header("s", 0.0), "version": 1}, own, copy, end(2)):
            write(file, record)
    assert arrived(fakeredis_(), path, "t", clock) == ({"exact": 1}, 0)
    (key,) = fakeredis_().keys()
    answer = Packed.read(fakeredis_().get(key), key).answer()
    assert key.endswith(b":own") and answer == (*row, None, None, (), "", "")


def test_the_time_left_is_told_to_the_server_too(fakeredis_, tmp_path):
    clock, redis, path = Clock(), fakeredis_(), tmp_path / "scope.jsonl"
    Place("matrix", redis, "old", clock, ChatAPI()).fill()
    clock.advance(400)
    left(redis, "old", path, clock)
    arrived(redis, path, "new", clock)
    prefix = keys.scope_prefix("new")
    lives = [redis.pttl(key) for key in redis.scan_iter(f"{prefix}exact:*")]
    assert len(lives) == 4 and sum(life <= 600_000 for life in lives) == 3
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


@pytest.mark.parametrize("server", ["fakeredis_", "redis8"])
def test_answers_in_a_vector_set_leave_also_where_the_list_of_their_ends_was_evicted(
    server, request, tmp_path
):
    clock, llm, redis = Clock(), ChatAPI(), request.getfixturevalue(server)()
    old = Place("vectorset", redis, "s", clock, llm)
    old.fill()
    (ends,) = redis.scan_iter(f"{keys.scope_prefix('s')}semantic:*:expiry")
    redis.delete(ends)
    exported = left(redis, "s", tmp_path / "scope.jsonl", clock)
    assert exported.kinds["answer"] == len(QUESTIONS) and not exported.damaged
    arrived(redis, tmp_path / "scope.jsonl", "t", clock)
    assert Place("vectorset", redis, "t", clock, llm).answers() == old.answers()


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
        ({"kind": "exact", "rest": "exact:m", "answer": ["q", "r", 0, None, 1], "tags": "doc:42"},
         "tags are no list"),
        ({"kind": "exact", "rest": "exact:m", "answer": ["q", "r", 0, None, 1], "model": 7},
         "the name of an LLM is no text"),
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
        ({**header("s", 0.0), "version": 9}, "version 9, and this program reads 1 and 2"),
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


def test_another_cache_is_refused(fakeredis_):
    lab = connect(quiet=True)
    for other in (cached(lab.openai, lab.redis), EmbeddingCache(lab.redis, lab.openai)):
        with pytest.raises(ConfigError, match="give cache_of"):
            warm(other, Log(["q"], ["a"]))


class Shop:
    """A cached client that is filled, and an application with another over the same Redis."""

    def __init__(self, face: str, **options: Any) -> None:
        self.lab, self.clock = connect(quiet=True), Clock()
        lab = self.lab
        model = lab.embedding_model
        options = {"scope": "shop", "embedding_model": model, "clock": self.clock, **options}
        self.cache = cache_of(cached(lab.openai, lab.redis, **options))
        self.app = App(face, lab.api, lab.redis, threshold=0.87, **options)

    def warm(self, questions: list[str], answers: list[str | None], **options: Any) -> Any:
        return warm(self.cache, Log(questions, answers), model=MINI, **options)

    def ask(self, *said: Any, **arguments: Any) -> tuple[str | None, str | None]:
        """How an answer came, and what it says; a new one is not kept."""
        more = {"model": MINI, "extra_body": {"semcache": {"keep": False}}, **arguments}
        answer = self.app.ask(*said, **more)
        return answer.way, answer.text


PYTHON, REWORDED = "What is Python?", "Python是什么？"


@pytest.fixture(params=FACES)
def shop(request: pytest.FixtureRequest) -> Shop:
    return Shop(request.param, ttl=60)


def test_a_log_fills_what_the_cached_client_gives_to_the_same_request_and_a_similar_one(shop):
    questions = [PYTHON, "Refunds?", "No answer?", f"{PYTHON} "]
    answers = ["a snake", "in 14 days", None, "a language"]
    assert shop.warm(questions, answers) == (2, 0, 0, 1, 1)
    assert shop.app.calls == 0 and shop.lab.api.call_count("embeddings") == 1
    assert shop.ask(PYTHON) == ("exact", "a language")
    assert shop.ask("Refunds?") == ("exact", "in 14 days")
    assert shop.ask(REWORDED) == ("semantic", "a language")
    assert text_of(shop.app.stream(PYTHON, model=MINI)) == "a language" and shop.app.calls == 0
    system = {"role": "system", "content": "Be kind."}
    others = [shop.ask(PYTHON, temperature=0), shop.ask(PYTHON, model="offline-large")]
    assert {way for way, _ in [*others, shop.ask(system, PYTHON)]} == {"miss"}
    shop.clock.advance(61)
    assert shop.ask(PYTHON)[0] == shop.ask(REWORDED)[0] == "miss"


def test_answers_are_those_of_a_system_prompt(shop):
    assert shop.warm([PYTHON], ["a friend"], system="Be kind.").kept == 1
    system = {"role": "system", "content": "Be kind."}
    assert shop.ask(system, PYTHON) == ("exact", "a friend")
    assert shop.ask(system, REWORDED) == ("semantic", "a friend")
    assert shop.ask(PYTHON)[0] == shop.ask({**system, "content": "Be brief."}, PYTHON)[0] == "miss"


def test_the_rules_of_the_cached_client_are_honoured(shop):
    gold = "what is the price of gold today"
    refusal = "I'm sorry, but I can't help with that."
    questions = ["where is my invoice", "What is Rust?", gold]
    assert shop.warm(questions, ["here", refusal, "high"])[:2] == (1, 2)
    assert shop.lab.api.call_count("embeddings") == 1  # of the one whose answer is refused
    assert shop.ask("where is my invoice")[0] == "bypass" and shop.ask("What is Rust?")[0] == "miss"
    assert shop.ask(gold) == ("exact", "high")
    assert shop.ask("what's the price of gold today")[0] == "miss"
    long = "word " * 9_000  # which the rules leave to the exact tier, where nothing is embedded
    assert shop.warm([long], ["long"]).kept == 1 and shop.ask(long) == ("exact", "long")
    free = Shop("async" if shop.app.is_async else "blocking", rules=(), answer_rules=(), ttl=600)
    assert free.warm([*questions, long], ["here", refusal, "high", "long"]) == (3, 0, 0, 0, 1)
    shop.clock.advance(61)  # which the rule lets live for a minute
    free.clock.advance(61)
    assert shop.ask(gold)[0] == "miss" and free.ask(gold) == ("exact", "high")
    assert free.ask("What is Rust?") == ("exact", refusal)


def test_what_the_cached_client_has_is_left_unless_it_is_to_be_replaced(shop):
    shop.app.ask(PYTHON, model=MINI)
    own = shop.ask(PYTHON)
    assert own[0] == "exact" and shop.ask(REWORDED) == ("semantic", own[1])
    assert shop.warm([PYTHON], ["of the log"]).there == 1 and shop.ask(PYTHON) == own
    # What was served to a rewording is not its own answer.
    assert shop.warm([PYTHON, REWORDED], ["of the log", "一门语言"])[:3] == (1, 0, 1)
    assert shop.ask(REWORDED) == ("exact", "一门语言") and shop.ask(PYTHON) == own
    assert shop.warm([PYTHON], ["of the log"], replace=True).kept == 1
    assert shop.ask(PYTHON) == ("exact", "of the log") and shop.ask(REWORDED)[1] == "一门语言"


@pytest.mark.parametrize("face", FACES)
def test_capitals_and_spaces_are_folded_as_the_cached_client_does(face):
    shop = Shop(face, fold_case=True, fold_spaces=True)
    shop.warm([PYTHON], ["a language"])
    assert shop.ask("what  is PYTHON?") == ("exact", "a language")


def test_what_the_cached_client_was_given_moves_with_its_scope(shop, tmp_path):
    shop.warm([PYTHON], ["a language"])
    path, redis = tmp_path / "scope.jsonl", shop.lab.redis
    assert left(redis, "shop", path, shop.clock).kinds == {"answer": 1, "exact": 1, "embedding": 1}
    arrived(redis, path, "other", shop.clock)
    shop.cache.clear_cache()
    assert shop.ask(PYTHON)[0] == "miss"
    face, given = "async" if shop.app.is_async else "blocking", {"clock": shop.clock}
    given |= {"embedding_model": shop.lab.embedding_model, "threshold": 0.87}
    app = App(face, shop.lab.api, redis, scope="other", **given)
    for asked, way in ((PYTHON, "exact"), (REWORDED, "semantic")):
        answer = app.ask(asked, model=MINI)
        assert (answer.way, answer.text) == (way, "a language")


def test_an_embedding_cache_without_batches_will_do(fakeredis_):
    api, redis = ChatAPI(), fakeredis_()
    client = cached(api.client(), redis, embedding_cache=Drawn())
    assert warm(cache_of(client), Log(["a@0", "b@90"], ["one", "two"]), model=MINI).kept == 2
    asked = {"model": MINI, "messages": messages("like a@1")}
    assert client.chat.completions.create(**asked).choices[0].message.content == "one"
    assert not api.requests


# The commands ------------------------------------------------------------------------------------


@pytest.fixture
def warmed(fakeredis_, tmp_path, capsys) -> Any:
    """Run the command on a log of one question; it returns what was printed."""
    path, redis = tmp_path / "log.csv", fakeredis_()
    path.write_text(f"question,answer\n{PYTHON},a language\n")
    lab = connect(quiet=True)

    def run(*words: str) -> tuple[str, Any]:
        options = _parser().parse_args(["warm", str(path), "--scope", "shop", *words])
        outside = Outside(
            lambda url: redis, lambda: (lab.openai, lab.embedding_model, lab.chat_model)
        )
        run_warm(options, outside)
        return capsys.readouterr().out, lab

    return run, redis


def ways(redis: Any, lab: Any, *said: Any, **options: Any) -> list[str]:
    """How the cached client of the README answers the question and a rewording."""
    given = {"scope": "shop", "embedding_model": lab.embedding_model, "threshold": 0.87, **options}
    app = App("blocking", lab.api, redis, clock=time.time, **given)
    more = {"model": MINI, "extra_body": {"semcache": {"keep": False}}}
    return [app.ask(*said, text, **more).way for text in (PYTHON, REWORDED)]


def test_the_command_fills_the_cached_client_and_says_so(warmed):
    run, redis = warmed
    said, lab = run("--model", MINI)
    assert "Kept 1 answers in the scope 'shop'" in said
    assert f"a cached client that sends {MINI} at http://offline.invalid/v1/" in said
    assert f"embeds by {lab.embedding_model}" in said
    assert ways(redis, lab) == ["exact", "semantic"]
    assert "There already: 1" in run("--model", MINI)[0]
    assert "Kept 1 answers" in run("--model", MINI, "--replace")[0]
    hybrid = HybridLLMCache(redis, lab.openai, embedding_model=lab.embedding_model, scope="shop")
    assert hybrid.get_or_generate(PYTHON, MINI, keep=False) != "a language"


def test_the_command_hands_on_its_options(warmed):
    run, redis = warmed
    folding = {"fold_case": True, "fold_spaces": True}
    told = ["--model", MINI, "--system", "Be kind.", "--ttl", "10s"]
    _, lab = run(*told, "--fold-case", "--fold-spaces", "--rules", "none")
    (key,) = redis.scan_iter(f"{keys.scope_prefix('shop')}exact:*")
    assert 0 < redis.pttl(key) <= 10_000
    system = {"role": "system", "content": "Be kind."}
    assert ways(redis, lab, system, **folding) == ["exact", "semantic"]
    assert ways(redis, lab, **folding) == ["miss", "miss"]
    assert ways(redis, lab, system)[0] != "exact"  # whose tier is that of another spelling


@pytest.mark.parametrize("ttl", ["1w", "1.2.3d", "."])
def test_a_ttl_that_is_none_is_refused_with_what_would_be_one(call, ttl):
    code, _, complaint = call("warm", "log.csv", "--scope", "shop", "--ttl", ttl)
    assert code == 2 and f"'{ttl}' is no TTL: write 3600, 15m, 12h, 7d or none" in complaint


def test_the_command_fills_a_hybrid_cache_where_that_is_asked_for(warmed):
    run, redis = warmed
    said, lab = run("--model", MINI, "--into", "hybrid")
    assert f"a HybridLLMCache that asks {MINI}" in said
    hybrid = HybridLLMCache(
        redis, lab.openai, embedding_model=lab.embedding_model, scope="shop", threshold=0.87
    )
    asked = [hybrid.get_or_generate(text, MINI) for text in (PYTHON, REWORDED)]
    assert asked == ["a language"] * 2 and hybrid.stats.api_calls == 0
    assert ways(redis, lab) == ["miss", "miss"]


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_warm_export_import_on_a_real_server(call, monkeypatch, tmp_path):
    log, file = tmp_path / "log.jsonl", tmp_path / "scope.jsonl.gz"
    rows = [{"text": "What is Python?", "answer": "A language.", "tenant": "a"},
            {"text": "What is Rust?", "answer": "Iron and oxygen.", "tenant": "b"}]  # fmt: skip
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shop = ("--scope", "shop", "--model", MINI)
    with start_redis() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        code, _, complaint = call("warm", log, *shop)
        assert code == 2 and "2 tenants" in complaint
        code, printed, complaint = call("warm", log, *shop, "--tenant", "a")
        assert code == 0 and "Kept 1 answers" in printed, complaint
        assert ways(redis_client(server.url), connect(quiet=True)) == ["exact", "semantic"]
        monkeypatch.delenv("REDIS_URL")
        code, printed, complaint = call("export", "shop", file, "--redis", server.url)
        assert code == 0 and "1 answers with vectors" in printed, complaint
        monkeypatch.setenv("REDIS_URL", server.url)
        code, printed, complaint = call("import", file, "other", "--index", "vectorset")
        assert code == 0 and "now in the scope 'other'" in printed, complaint
    code, _, complaint = call("export", "shop", file)
    assert code == 1 and "nothing usable answers" in complaint
    monkeypatch.delenv("REDIS_URL")
    code, _, complaint = call("export", "shop", file)
    assert code == 2 and "set REDIS_URL" in complaint


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_nobody_is_told_of_the_client_that_a_command_makes(caplog):
    with start_redis() as server:
        client = _redis(server.url)
        assert seconds_held(client) > BEARABLE  # as long as a command may wait
        HybridLLMCache(client, VectorAPI().client(), embedding_model="m-4")
    assert not caplog.records


def test_answers_of_no_llm_are_refused_since_nobody_could_ask_for_them(warmed):
    run, redis = warmed
    with pytest.raises(ConfigError, match="model is ''"):
        run("--model", "")
    assert not redis.dbsize()
