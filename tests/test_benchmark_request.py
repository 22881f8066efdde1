"""The benchmark of whole requests: each goes its way, and its time is counted once."""

import asyncio
import itertools
import threading
import time

import pytest

from benchmarks.request import TURN, run
from benchmarks.whole.callers import from_coroutines, from_threads
from benchmarks.whole.desk import PATHS, open_desk
from benchmarks.whole.picture import draw
from benchmarks.whole.report import NAMES, embedding_cache_saves, markdown
from benchmarks.whole.seams import PARTS, Meter
from semcache import connect
from semcache.lab.offline import OfflineAPI
from semcache.lab.redis_server import MISSING

EXACT, CACHED, NEW, MISS = (path.name for path in PATHS)


@pytest.fixture(scope="module")
def result():
    if MISSING:
        pytest.skip(MISSING)
    return run(entries=24, rounds=TURN, calls=4, callers=(1, 4))


def test_every_request_went_its_path(result):
    assert [row["path"] for row in result["parts"]] == [EXACT, CACHED, NEW, MISS]
    assert {row["other tier"] for row in (*result["parts"], *result["loads"])} == {0}
    assert len(result["loads"]) == 4 * 2 * 2


def test_the_model_and_the_api_are_met_where_they_must_be(result):
    parts = {row["path"]: row["parts"] for row in result["parts"]}
    met = {name: {part for part in PARTS if spent[part] > 0} for name, spent in parts.items()}
    assert met[EXACT] == met[CACHED] == {"redis", "redis-py"}
    assert met[NEW] == met[MISS] == set(PARTS)
    assert all(spent["ours"] > 0 for spent in parts.values())


def test_the_tables_name_every_path_and_part(result, tmp_path):
    text = markdown(result)
    assert all(f"| {name} " in text for name in (EXACT, CACHED, NEW, MISS))
    assert all(name in text for name in NAMES.values())
    assert "tasks of one event loop" in " ".join(text.split())
    saved = embedding_cache_saves(result)
    assert saved["new"] - saved["cached"] == saved["saves"] and 0 < saved["share"] < 1
    draw(result, tmp_path / "request.png")
    assert (tmp_path / "request.png").read_bytes().startswith(b"\x89PNG")


def test_time_inside_an_inner_seam_is_counted_there_and_only_there(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    meter = Meter()

    def spend(seconds: float) -> None:
        now[0] += seconds

    model = meter.timed("model", lambda: spend(7))

    def call() -> None:
        spend(2)
        model()
        model()

    api = meter.timed("api", call)

    def ask(text: str) -> None:
        spend(1)
        api()

    for _ in range(2):  # the second time as the first
        spent = meter.measure(ask, "q")
        assert spent == {"model": 14, "api": 2, "redis": 0, "redis-py": 0, "ours": 1, "whole": 17}


def test_a_seam_that_raises_is_closed():
    meter = Meter()
    fails = meter.timed("api", lambda: 1 / 0)

    def ask(text: str) -> None:
        with pytest.raises(ZeroDivisionError):
            fails()

    first, second = (meter.measure(ask, "q") for _ in range(2))
    for spent in (first, second):
        assert sum(spent[part] for part in (*PARTS, "ours")) == pytest.approx(spent["whole"])


def test_every_text_is_asked_once_by_so_many_threads_at_a_time():
    asked, inside, seen, lock = [], 0, set(), threading.Lock()
    meet = threading.Barrier(12)  # nobody is answered before so many ask at once

    def ask(text: str) -> None:
        nonlocal inside
        with lock:
            inside += 1
            asked.append(text)
        meet.wait(20)
        with lock:
            seen.add(inside)
        meet.wait(20)
        with lock:
            inside -= 1

    texts = [str(number) for number in range(24)]
    load = from_threads(ask, texts, 12, lambda: None)
    assert sorted(asked) == sorted(texts) and max(seen) == 12
    assert load.summary()["requests"] == 24


def test_every_text_is_asked_once_by_so_many_tasks_at_a_time():
    asked, inside, seen = [], 0, set()

    def make():
        meet = asyncio.Barrier(12)

        async def ask(text: str) -> None:
            nonlocal inside
            inside += 1
            asked.append(text)
            await meet.wait()
            seen.add(inside)
            await meet.wait()
            inside -= 1

        return ask

    texts = [str(number) for number in range(24)]
    load = from_coroutines(make, texts, 12)
    assert sorted(asked) == sorted(texts) and max(seen) == 12
    assert load.summary()["requests"] == 24


def test_a_question_is_new_or_was_asked_exactly_before():
    lab = connect(quiet=True)
    desk = open_desk(lab.redis, OfflineAPI().client(), "desk", 3)
    new = list(itertools.chain.from_iterable(desk.texts(path, 15) for path in PATHS[2:]))
    assert len(set(new)) == 30 and not set(new) & set(desk.texts(PATHS[0], 3))
    with pytest.raises(ValueError, match="only 30 of 31"):
        desk.texts(PATHS[2], 31)


def test_what_was_promoted_is_asked_again_as_if_it_were_not():
    lab = connect(quiet=True)
    desk = open_desk(lab.redis, OfflineAPI().client(), "desk", 3)
    for count in (2, 3, 3):
        texts, before = desk.texts(PATHS[1], count), desk.answered()
        for text in texts:
            desk.ask(PATHS[1])(text)
        assert desk.answered() == (before[0], before[1] + count, before[2])
