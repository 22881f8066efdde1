"""What a cache with given settings would serve wrongly: by weight, and as the cache accepts."""

from dataclasses import replace

import numpy as np
import pytest

from semcache.errors import ConfigError
from semcache.evaluate import Pair, Pairs
from semcache.evaluate.deployed import wrong_share
from semcache.guard import Guard

PAIRS = replace(
    Pairs.of(
        [
            Pair("How much is a seat?", "What does a seat cost?", same=True),
            Pair("How do I archive it?", "How do I unarchive it?", same=False),
            Pair("What is a seat?", "What is a plan?", same=False),
        ]
    ),
    similarity=np.array([0.95, 0.95, 0.90]),
)


def test_what_is_served_is_what_the_threshold_lets_pass():
    shares = [wrong_share(PAIRS, threshold) for threshold in (0.96, 0.95, 0.90)]
    assert shares == [0.0, 0.5, pytest.approx(2 / 3)]


def test_a_pair_counts_for_those_that_it_stands_for():
    weighed = replace(PAIRS, weight=np.array([1.0, 3.0, 4.0]))
    assert wrong_share(weighed, 0.92) == 0.75


def test_a_verifier_is_asked_as_the_cache_asks_it():
    assert wrong_share(PAIRS, 0.92, Guard()) == 0.0
    assert wrong_share(PAIRS, 0.92, lambda cached, asked, similarity: True) == 0.5


def test_pairs_without_similarities_are_refused():
    with pytest.raises(ConfigError, match="no similarities"):
        wrong_share(replace(PAIRS, similarity=None), 0.9)
