"""Capacity: lesson 10's numbers, the plan's, and what a real server says of them."""

import argparse
import json
import re
import time
from pathlib import Path

import numpy as np
import openai
import pytest
import redis
from semantic_bench import Drawn

from semcache import EmbeddingCache, HybridLLMCache, codecs, keys
from semcache.answers.request import Request
from semcache.blocking import run
from semcache.capacity import Demand, Record, embedding_bytes, needed, stored_bytes
from semcache.capacity.command import add_arguments
from semcache.capacity.command import run as run_command
from semcache.capacity.plan import Assumptions, nodes_for
from semcache.capacity.sizes import COPY, EXACT
from semcache.embedding import entry
from semcache.errors import ConfigError
from semcache.index.answer import Answer
from semcache.lab.data import FOLDER
from semcache.lab.redis_server import MISSING, start_redis

RECORD = FOLDER / "semantic_lookup.json"
LESSON = Path(__file__).parents[1] / "notebooks" / "10_scale_the_lookup.ipynb"


def lesson_s_table() -> list[list[int]]:
    """The rows that lesson 10 prints: entries, dims, processes, then megabytes."""
    cells = json.loads(LESSON.read_text(encoding="utf-8"))["cells"]
    printed = ["".join(out.get("text", "")) for cell in cells for out in cell.get("outputs", ())]
    (table,) = (text for text in printed if "MB in Redis" in text)
    lines = [line for line in table.splitlines() if re.match(r" *[\d,]+ ", line)]
    rows = [re.findall(r"[\d,]+", line) for line in lines]
    return [[int(cell.replace(",", "")) for cell in row] for row in rows]


def test_the_numbers_are_those_of_lesson_10():
    record, rows = Record(RECORD), lesson_s_table()
    assert len(rows) == 4
    for entries, dims, processes, as_hash, as_set, each, everywhere in rows:
        demand = Demand(
            questions_a_day=entries, ttl_days=1, dims=dims, hit_rate=0, processes=processes
        )
        matrix, graph, _ = needed(demand, record)
        found = [matrix.answers, graph.answers, matrix.process, matrix.processes]
        assert [round(size / 1e6) for size in found] == [as_hash, as_set, each, everywhere]
        assert graph.processes == 0


def test_at_the_dims_that_were_measured_it_is_the_plan_s_number():
    record = Record(RECORD)
    plan = (Path(__file__).parents[1] / "benchmarks" / "scaling.md").read_text(encoding="utf-8")
    for index in ("MatrixIndex", "VectorSetIndex"):
        for dims in (384, 1_536):
            (row,) = (
                line for line in plan.splitlines() if re.match(rf"\| {index} +\| {dims:,} ", line)
            )
            assert f"{stored_bytes(record, index, dims):,.0f}" == row.split("|")[3].strip()


def test_longer_answers_and_a_longer_life_take_more():
    record = Record(RECORD)
    plain = stored_bytes(record, "MatrixIndex", 384)
    assert stored_bytes(record, "MatrixIndex", 384, answer=1_275) == pytest.approx(plain + 1_000)
    day = Demand(questions_a_day=1_000, ttl_days=2, dims=384, hit_rate=0.25, exact_rate=0.2)
    assert (day.answers, day.embeddings) == (1_500, 800)


def test_nodes_are_counted_as_in_the_plan():
    given = Assumptions(node_gb=10, usable=0.5, packed=1)
    assert [nodes_for(size, given) for size in (1, 5e9, 5.1e9)] == [1, 1, 2]


@pytest.mark.parametrize(
    "wrong", [{"hit_rate": 40}, {"dims": 0}, {"ttl_days": -1}, {"exact_rate": 0.9}]
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError):
        Demand(**{"questions_a_day": 1, "ttl_days": 1, "dims": 2, **wrong})


def test_a_record_that_is_none_is_told(tmp_path):
    with pytest.raises(ConfigError, match="comes with a clone"):
        Record(tmp_path / "none.json")
    with pytest.raises(ConfigError, match="FAISS was not measured"):
        stored_bytes(Record(RECORD), "FAISS", 384)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run_command(parser.parse_args(words), RECORD)
    return capsys.readouterr().out


def test_the_command_says_which_index_and_when_a_cluster(capsys):
    small = said(capsys, "--questions-a-day", "10000", "--ttl", "1", "--dims", "384")
    assert "6,000 answers are alive" in small and "takes MatrixIndex" in small
    assert "One node is enough" in small
    large = said(capsys, "--questions-a-day", "5e6", "--ttl", "30")
    assert "takes VectorSetIndex" in large and "A cluster: 17 primaries" in large


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_real_server_takes_what_is_said():
    count, now, answer = 1_000, time.time(), "x" * 300
    with start_redis() as server:
        client = redis.Redis.from_url(server.url)
        cache = HybridLLMCache(client, openai.OpenAI(api_key="none"), embedding_cache=Drawn())
        room = cache._rooms.of(Request("any", "gpt-4o-mini").audience)

        def each(write) -> float:
            client.flushall()
            before = client.info("memory")["used_memory"]
            for number in range(count):
                write(f"question number {number:06}", number)
            return (client.info("memory")["used_memory"] - before) / count

        def exact(text: str, number: int, *source: object) -> None:
            made = Answer(text, answer, now, now + 3_600, *source)
            writing = room.exact.writing(Request(text, "gpt-4o-mini"), made)
            run(room.redis.change(writing.commands))

        texts = len("question number 000000") + len(answer)
        assert each(exact) - texts == pytest.approx(EXACT, rel=0.15)
        copied = each(lambda text, number: exact(text, number, 0.95, f"source {number}"))
        assert copied - texts == pytest.approx(COPY, rel=0.15)
        for dims in (384, 1_536):
            own = EmbeddingCache(client, openai.OpenAI(api_key="none"))
            draw = np.random.default_rng(1)

            def embedding(text: str, number: int, dims: int = dims) -> None:
                vector = draw.standard_normal(dims).astype(np.float32)  # noqa: B023
                blob = codecs.get("float32").encode(vector)
                digest = keys.digest(text)
                data = entry.pack(entry.Entry(vector, now, None, blob), digest)
                client.set(own.namespace + digest, data, px=3_600_000)  # noqa: B023

            assert each(embedding) == pytest.approx(embedding_bytes(dims), rel=0.05)
