"""Drift: its promise holds at every look, it is fast enough, and it survives restarts."""

import json
import math
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from client_bench import FACES
from test_metrics import ASKED, bare, real

from semcache import HybridLLMCache
from semcache.errors import ConfigError
from semcache.evaluate import Drift, Sample, upper_bound
from semcache.evaluate.binomial import tail
from semcache.evaluate.drift import _bet, _evidence
from semcache.observing import Called, Served, observe

RUNS, LOOKS = 2_000, 2_000


def verdicts(share: Any, runs: int, looks: int, seed: int = 0) -> np.ndarray:
    """Wrong or not, shape (looks, runs); the share may differ from look to look."""
    return np.random.default_rng(seed).random((looks, runs)) < np.reshape(share, (-1, 1))


def alarms(wrong: np.ndarray, limit: float, confidence: float = 0.95) -> np.ndarray:
    """The look at which each run raised the alarm, 0 for never; as Drift does it, all at once."""
    stakes = np.zeros((wrong.shape[1], 12))
    raised = np.zeros(wrong.shape[1], int)
    for look, verdict in enumerate(wrong.astype(float), 1):
        stakes = np.minimum(_bet(stakes, look, verdict, limit), 1e9)  # long after the alarm
        evidence = _evidence(stakes, look, limit)
        raised[(raised == 0) & (evidence >= 1 / (1 - confidence))] = look
    return raised


def one_by_one(wrong: Any, drift: Drift) -> Drift:
    for verdict in wrong:
        drift = drift.seen(bool(verdict))
    return drift


# The promise -------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0.02, 0.05, 0.2])
def test_at_the_limit_false_alarms_are_as_rare_as_promised_at_all_looks_together(limit):
    false = np.count_nonzero(alarms(verdicts(limit, RUNS, LOOKS), limit))
    assert upper_bound(false, RUNS, confidence=0.999) <= 0.05
    assert false > 0  # nor is it so by never raising any


def test_also_where_the_share_goes_up_and_down_below_the_limit():
    share = np.where(np.arange(LOOKS) % 400 < 300, 0.01, 0.05)
    false = np.count_nonzero(alarms(verdicts(share, RUNS, LOOKS), 0.05))
    assert upper_bound(false, RUNS, confidence=0.999) <= 0.05


def test_a_binomial_test_every_fifty_looks_breaks_the_same_promise():
    looks = np.arange(50, LOOKS + 1, 50)
    counts = verdicts(0.05, RUNS, LOOKS).cumsum(axis=0)[looks - 1]
    # The fewest wrong ones of so many that are as rare as 5 % at the limit.
    least = [
        next(k for k in range(1, n) if 1 - tail(k - 1, n, 0.05) <= 0.05) for n in looks.tolist()
    ]
    assert (counts >= np.array(least)[:, None]).any(axis=0).mean() > 0.15


def test_twice_the_limit_is_noticed_also_after_a_long_good_time():
    share = np.where(np.arange(3_000) < 1_000, 0.02, 0.10)
    raised = alarms(verdicts(share, 500, 3_000), 0.05)
    assert np.count_nonzero(raised > 1_000) >= 495
    assert np.median(raised) < 1_500


def test_the_evidence_is_a_fair_bet_at_the_limit_whatever_was_seen_before():
    drift = Drift(max_wrong=0.05)
    for wrong in [False] * 30 + [True, False, True]:
        drift = drift.seen(wrong)
        if drift.alarm is None:
            up, down = drift.seen(True), drift.seen(False)
            assert math.isclose(0.05 * up.evidence + 0.95 * down.evidence, drift.evidence)


# How long it takes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "excess", "after"),
    [(0.05, 0.05, 0), (0.05, 0.10, 0), (0.05, 0.10, 500), (0.1, 0.1, 0), (0.02, 0.06, 300)],
)
def test_it_needs_as_many_looks_as_it_says(limit, excess, after):
    needs = Drift(max_wrong=limit).needs(excess, after)
    share = np.where(np.arange(after + 5 * needs) < after, limit / 2, limit + excess)
    raised = alarms(verdicts(share, 500, after + 5 * needs, seed=1), limit)
    late = raised[raised > after]
    assert late.size >= 490  # the others raised a false alarm, or none
    assert 0.7 * needs < late.mean() - after < needs


def test_less_is_needed_for_more_and_more_for_a_surer_alarm():
    needs = [Drift(0.05).needs(excess) for excess in (0.02, 0.05, 0.1, 0.3, 0.9)]
    assert needs == sorted(needs, reverse=True) and needs[-1] < 10
    assert Drift(0.05, confidence=0.99).needs(0.05) > Drift(0.05, confidence=0.9).needs(0.05)


# The value ---------------------------------------------------------------------------------------


def test_verdicts_one_by_one_are_the_simulation():
    wrong = verdicts(0.12, 20, 400, seed=3)
    raised = alarms(wrong, 0.05)
    singly = [one_by_one(wrong[:, run], Drift(0.05)) for run in range(20)]
    assert [drift.alarm or 0 for drift in singly] == raised.tolist()
    assert [drift.wrong for drift in singly] == wrong.sum(axis=0).tolist()
    assert {drift.looked for drift in singly} == {400}


def test_it_survives_restarts_as_json():
    wrong = verdicts(0.12, 1, 300, seed=5)[:, 0]
    through = one_by_one(wrong, Drift(0.05))
    drift = Drift(0.05)
    for verdict in wrong:
        drift = Drift.of(json.loads(json.dumps(drift.seen(bool(verdict)).as_dict())))
    assert drift == through and drift.alarm is not None
    assert "ALARM" in str(drift) and "no alarm" in str(Drift(0.05))


def test_an_alarm_stays():
    drift = one_by_one([True] * 20, Drift(0.05))
    at = drift.alarm
    drift = one_by_one([False] * 2_000, drift)
    assert drift.alarm == at and (drift.looked, drift.wrong) == (2_020, 20)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Drift(0.0),
        lambda: Drift(5.0),
        lambda: Drift(0.05, confidence=1.0),
        lambda: Drift(0.05, looked=1, wrong=2),
        lambda: Drift(0.05).needs(0.0),
        lambda: Drift(0.05).needs(0.95),
        lambda: Drift.of({"max_wrong": 0.05}),
        lambda: Drift.of({**Drift(0.05).as_dict(), "stakes": ["x"] * 12}),
        lambda: Drift.of({**Drift(0.05).as_dict(), "more": 1}),
        lambda: Sample(every=0),
        lambda: Sample(most=0),
    ],
)
def test_what_cannot_work_is_refused(make):
    with pytest.raises(ConfigError):
        make()


# The sample --------------------------------------------------------------------------------------


def hit(number: int, original: str | None = "p") -> Served:
    return Served("semantic", f"q{number}", original, "answer", 0.9, None, 0.001)


def test_one_in_n_is_noted_the_same_ones_for_a_seed():
    samples = [Sample(every=10, seed=7, most=10_000) for _ in range(2)]
    for number in range(20_000):
        for sample in samples:
            sample(hit(number))
    one, other = (sample.take() for sample in samples)
    assert one == other and 1_850 < len(one) < 2_150
    gaps = Counter(int(b.query[1:]) - int(a.query[1:]) for a, b in pairwise(one))
    assert gaps[10] < len(one) / 5  # not every tenth


def test_it_holds_no_more_than_it_is_allowed_and_those_fairly():
    counts: Counter[bool] = Counter()
    for seed in range(100):
        sample = Sample(every=1, seed=seed, most=10)
        for number in range(200):
            sample(hit(number))
        assert len(sample) == 10 and sample.dropped == 190 and sample.served == 200
        counts.update(int(one.query[1:]) < 100 for one in sample.take())
        assert len(sample) == 0
    assert 400 < counts[True] < 600


def test_what_is_its_own_answer_is_passed_over_unless_asked_for():
    sample, every = Sample(every=1), Sample(every=1, own=True)
    for event in (hit(1, None), hit(2), Called("chat", "m", 0.1), "other"):
        sample(event)
        every(event)
    assert [one.query for one in sample.take()] == ["q2"]
    assert [(one.query, one.original) for one in every.take()] == [("q1", "q1"), ("q2", "p")]


def test_many_threads_lose_nothing():
    sample = Sample(every=1, most=10_000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: [sample(hit(n)) for _ in range(500)], range(8)))
    assert sample.served == 4_000 == len(sample)


def topic(question: str) -> str:
    return next(word for word in ("Python", "Rust", "France", "bread") if word in question)


@pytest.mark.parametrize("face", FACES)
def test_a_release_that_breaks_the_cache_raises_the_alarm(face):
    """From the cache to the alarm: what is served is noted, judged, and watched."""
    lab, cache = real(face, HybridLLMCache, threshold=0.0)
    sample, drift = Sample(every=1, seed=1), Drift(max_wrong=0.05)
    observe(bare(cache), sample)
    questions = [*ASKED, "What is the capital of France?", "How do I bake bread?"]
    draw = random.Random(3)
    for _ in range(60):
        cache.get_or_generate(draw.choice(questions), model=lab.chat_model)
        for one in sample.take():
            drift = drift.seen(wrong=topic(one.query) != topic(one.original))
    assert drift.alarm is not None and drift.looked > drift.wrong > 0
