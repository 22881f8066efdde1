"""A replay is no second truth: request by request it does what the caches do, over fakeredis."""

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from fakes import Clock
from semantic_bench import ChatAPI, embed_once

from semcache import EmbeddingCache, HybridLLMCache, SemanticLLMCache, connect
from semcache.guard import Guard
from semcache.guard.verifier import Verifier
from semcache.lab.data import FOLDER, read_rows
from semcache.lab.traffic import load_phrasings, zipf_stream
from semcache.replay.cache import EXACT, LLM, SEMANTIC, SimulatedCache
from semcache.replay.designs import Design
from semcache.replay.log import Log
from semcache.replay.requests import requests_of
from semcache.replay.simulate import simulate
from semcache.sharing import ANSWER_RULES, DEFAULT_RULES, Rule

HOUR = 3_600.0
NOT_SIMILAR = Rule("all", "leaves the exact tier alone", lambda text: True, "exact")
# What an exact tier takes for one question, and what the rules do not let pass.
ODD = [
    " How do I reset my password?", "how do i reset my password?", "HOW DO I RESET  my password?",
    "where is my invoice", "what is the price today", "and how do I undo that?", "word " * 9_000,
]  # fmt: skip


@cache
def log() -> Log:
    """Some hundreds of requests over four days: repetitions, near twins, odd spellings."""
    rows = [row for row in load_phrasings() if row.intent < "c"]
    draw = Random(1)
    texts = [(row.text, row.answer) for row in sorted(rows, key=lambda _: draw.random())]
    texts[3:3] = [(text, f"odd {k}") for k, text in enumerate(ODD)]
    stream = zipf_stream(texts, 400, exponent=0.7, seed=3)
    times = sorted(draw.uniform(0, 96 * HOUR) for _ in stream)
    refused = "I'm sorry, but I can't help with that."
    answers = [refused if k % 50 == 7 else f"The answer {of}." for k, (_, of) in enumerate(stream)]
    return Log([text for text, _ in stream], answers, [of for _, of in stream], times)


@cache
def verifier() -> Verifier:
    """One that was fitted with margins, on the course's pairs."""
    rows = read_rows(FOLDER / "desks.jsonl")
    pairs = [(row["a"], row["b"], row["similarity"], row["margin"]) for row in rows]
    return Verifier.fit(pairs, [row["same"] for row in rows]).with_threshold(0.6)  # type: ignore[arg-type]


CASES: dict[str, tuple[Design, dict[str, Any], dict[str, Any]]] = {
    # the design; more options of the real cache; how the log is read
    "exact": (Design("", "exact", ttl=HOUR), {"rules": [NOT_SIMILAR]}, {}),
    "exact, folded": (
        Design("", "exact", ttl=None),
        {"rules": [NOT_SIMILAR]},
        {"fold_case": True, "fold_spaces": True},
    ),
    "semantic": (Design("", "semantic", threshold=0.9, ttl=12 * HOUR), {}, {}),
    "hybrid": (Design("", "hybrid", threshold=0.9, ttl=12 * HOUR, embedding_ttl=5 * HOUR), {}, {}),
    "hybrid, for ever": (
        Design("", "hybrid", threshold=0.93, ttl=None, embedding_ttl=None), {}, {}
    ),
    "hybrid, serves nearly all": (Design("", "hybrid", threshold=0.8, ttl=3 * HOUR), {}, {}),
    "hybrid, with rules": (
        Design("", "hybrid", ttl=24 * HOUR),
        {},
        {"rules": DEFAULT_RULES, "answer_rules": ANSWER_RULES},
    ),
    "hybrid, folded": (
        Design("", "hybrid", ttl=24 * HOUR), {}, {"fold_case": True, "fold_spaces": True}
    ),
    "guard": (Design("", "guarded", threshold=0.87, ttl=24 * HOUR, verifier=Guard()), {}, {}),
    "verifier": (Design("", "hybrid", threshold=0.85, ttl=24 * HOUR), {}, {}),  # made in the test
}  # fmt: skip


def simulated(design: Design, reading: dict[str, Any]) -> SimulatedCache:
    requests = requests_of(log(), **reading)
    usable = [text if len(text) < 9_000 else "never embedded" for text in requests.unique]
    vectors = np.stack([embed_once(text) for text in usable])
    (done,) = simulate(requests, [design], lambda rows: vectors[rows])
    return done


def real(design: Design, options: dict[str, Any]) -> Iterator[tuple[int, str, bool, int]]:
    """Yield, for each request, the tier, the answer, whether it was embedded, the trips."""
    lab, clock, llm = connect(quiet=True), Clock(), ChatAPI()
    embeddings = EmbeddingCache(
        lab.redis, lab.openai, model=lab.embedding_model, ttl=design.embedding_ttl, clock=clock
    )
    made_of: Any = SemanticLLMCache if design.kind == "semantic" else HybridLLMCache
    given = {"threshold": design.threshold, "ttl": design.ttl, "verifier": design.verifier}
    made = made_of(
        lab.redis, llm.client(), embedding_cache=embeddings, clock=clock, **given, **options
    )
    requests = log()
    for text, answer, time in zip(requests.text, requests.answer, requests.time, strict=True):
        clock.now, llm.script = time, type(llm.script)([answer])
        before = made.stats.hits, made.stats.api_calls, embeddings.stats.api_calls
        exact = 0 if design.kind == "semantic" else made.exact_stats.hits
        with lab.round_trips() as trips:
            said = made.get_or_generate(text)
        hit, called = made.stats.hits - before[0], made.stats.api_calls - before[1]
        assert hit + called == 1
        is_exact = design.kind != "semantic" and made.exact_stats.hits > exact
        tier = LLM if called else EXACT if is_exact else SEMANTIC
        yield tier, said, embeddings.stats.api_calls > before[2], trips.count


@pytest.mark.parametrize("name", CASES)
def test_a_replay_does_request_by_request_what_the_cache_does(name):
    design, options, reading = CASES[name]
    if name == "verifier":
        design = Design("", "guarded", threshold=0.85, ttl=24 * HOUR, verifier=verifier())
    found = simulated(design, reading)
    done, requests = found.outcomes, found.requests
    answers = [requests.answers[requests.said[of]] for of in done.origin]
    ours = list(zip(done.tier, answers, done.embedded, done.trips, strict=True))
    theirs = list(real(design, {**reading, **options}))
    differ = [k for k in range(len(ours)) if ours[k][:3] != theirs[k][:3]]
    assert not differ, (log().text[differ[0]], ours[differ[0]], theirs[differ[0]])
    # The very first answer of a scope takes two trips more: it has to begin, and asks the server
    # what it can.
    kept = next(k for k, one in enumerate(ours) if one[0] == LLM and requests.kept[k])
    differ = [k for k in range(kept + 1, len(ours)) if ours[k][3] != theirs[k][3]]
    assert not differ, (log().text[differ[0]], ours[differ[0]], theirs[differ[0]])
    expected = {EXACT, LLM} if design.kind == "exact" else {SEMANTIC, LLM}
    assert expected <= set(done.tier.tolist())  # else nothing was compared
