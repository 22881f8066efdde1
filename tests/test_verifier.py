"""A verifier fitted on one's own pairs: what it learns, and what a file of it must hold."""

import json

import numpy as np
import pytest

from semcache.errors import ConfigError
from semcache.guard import Row, Verifier
from semcache.guard.logistic import fit


def traffic(n=400, seed=7):
    """Return pairs in which similarity, margin and numbers decide, each in part."""
    rng = np.random.default_rng(seed)
    rows, same = [], []
    for _ in range(n):
        similarity, margin = rng.uniform(0.8, 1), rng.uniform(0, 0.1)
        other = rng.random() < 0.3
        rows.append(Row("keep 3 days", f"keep {5 if other else 3} days", similarity, margin))
        chance = 40 * (similarity - 0.9) + 40 * (margin - 0.05) - 4 * other
        same.append(bool(rng.random() < 1 / (1 + np.exp(-chance))))
    return rows, same


@pytest.fixture(scope="module")
def verifier():
    return Verifier.fit(*traffic())


def test_it_learns_what_each_is_worth(verifier):
    assert verifier.coefficients["similarity"] > 1 and verifier.coefficients["margin"] > 0.5
    assert verifier.coefficients["number"] < -2
    assert verifier.coefficients["name"] == 0


def test_the_score_follows_similarity_margin_and_difference(verifier):
    same, other = ("keep 3 days", "keep 3 days"), ("keep 3 days", "keep 5 days")
    assert verifier.score(*same, 0.95) > verifier.score(*same, 0.9)
    assert verifier.score(*same, 0.9, 0.08) > verifier.score(*same, 0.9, 0.02)
    assert verifier.score(*same, 0.9, 0.05) > verifier.score(*other, 0.9, 0.05)
    average = verifier.scales["margin_mean"]
    assert verifier.score(*same, 0.9) == verifier.score(*same, 0.9, average)


def test_the_explanation_adds_up(verifier):
    pair = ("keep 3 days", "keep 5 days", 0.93, 0.02)
    parts = verifier.explain(*pair)
    total = sum(part.log_odds for part in parts)
    assert verifier.score(*pair) == pytest.approx(1 / (1 + np.exp(-total)))
    assert [abs(p.log_odds) for p in parts] == sorted(
        (abs(p.log_odds) for p in parts), reverse=True
    )


def test_no_difference_may_speak_for_sharing():
    rows = [Row("keep 3 days", f"keep {5 if i % 2 else 3} days", 0.9) for i in range(100)]
    lying = Verifier.fit(rows, [i % 2 == 1 for i in range(100)])
    assert lying.coefficients["number"] == 0


def test_the_threshold_decides_and_has_to_be_chosen(verifier):
    pair = ("keep 3 days", "keep 3 days", 0.95, 0.05)
    with pytest.raises(ConfigError, match="threshold"):
        Verifier(verifier.coefficients, verifier.scales)(*pair)
    chosen = Verifier(verifier.coefficients, verifier.scales, threshold=verifier.score(*pair))
    assert chosen(*pair) is True
    assert chosen(pair[0], pair[1], 0.94, 0.05) is False


def test_a_text_too_long_to_be_read_is_never_allowed(verifier):
    assert verifier.score("word " * 9_000, "words", 0.99) == 0
    assert verifier.explain("word " * 9_000, "words", 0.99)[0].name == "length"


def test_it_is_the_same_again_and_after_a_file(verifier, tmp_path):
    assert Verifier.fit(*traffic()).coefficients == verifier.coefficients
    path = tmp_path / "mine.json"
    Verifier(verifier.coefficients, verifier.scales, threshold=0.9).save(path)
    loaded = Verifier.load(path)
    assert (loaded.coefficients, loaded.scales) == (verifier.coefficients, verifier.scales)
    assert loaded.threshold == 0.9


@pytest.mark.parametrize(
    "change",
    [{"format": "other"}, {"version": 2}, {"coefficients": {"moon": 1}}, {"threshold": 75},
     {"scales": None}, {"threshold": "high"}, {"fitted_on": 7}, {"embedding_model": 7}],
)  # fmt: skip
def test_a_file_that_is_no_verifier_is_named(change, verifier, tmp_path):
    path = tmp_path / "mine.json"
    verifier.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError, match=r"mine\.json"):
        Verifier.load(path)


def test_a_missing_or_broken_file_is_named(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    for name in ("broken.json", "none.json"):
        with pytest.raises(ConfigError, match=name):
            Verifier.load(tmp_path / name)


def test_what_cannot_be_fitted_on_is_refused():
    rows, same = traffic(60)
    for wrong, labels, message in (
        (rows[:10], same[:10], "too few"),
        (rows, same[:-1], "labels"),
        (rows, [True] * 60, "same label"),
        ([*rows[:-1], Row("a", "b", float("nan"))], same, "finite"),
    ):
        with pytest.raises(ConfigError, match=message):
            Verifier.fit(wrong, labels)


def test_the_fit_stands_where_the_penalised_loss_has_no_slope():
    rng = np.random.default_rng(7)
    x = np.c_[np.ones(2_000), rng.random((2_000, 4))]
    same = rng.random(2_000) < 1 / (1 + np.exp(-x @ np.array([0.5, 2, -1, 1, 0])))
    sides = np.array([0.0, 1, -1, -1, 0])
    beta = fit(x, same, sides, penalty=2.0)
    slope = x.T @ (1 / (1 + np.exp(-x @ beta)) - same) + np.r_[0, 2.0 * beta[1:]]
    assert np.abs(slope[beta != 0]).max() < 1e-4
    assert beta[3] == 0, "it may not be positive"


def test_a_threshold_makes_a_copy(verifier):
    strict = verifier.with_threshold(0.9)
    assert (verifier.threshold, strict.threshold) == (None, 0.9)
    assert strict.coefficients == verifier.coefficients and strict.scales == verifier.scales
    assert strict.with_threshold(None).threshold is None
    with pytest.raises(ConfigError, match=r"threshold is 1\.5"):
        verifier.with_threshold(1.5)


def test_below_the_least_similarity_that_it_was_judged_on_it_allows_nothing(verifier, tmp_path):
    pair = ("keep 3 days", "keep 3 days")
    lax = verifier.with_threshold(0.0)
    bound = lax.with_threshold(0.0, least_similarity=0.9)
    bound.save(tmp_path / "mine.json")
    loaded = Verifier.load(tmp_path / "mine.json")
    assert lax(*pair, 0.85) and not bound(*pair, 0.85) and not loaded(*pair, 0.8999)
    assert bound(*pair, 0.9) and loaded.with_threshold(0.1).least_similarity == 0.9
    assert lax.least_similarity is None and lax.fingerprint != bound.fingerprint
    with pytest.raises(ConfigError, match="cosine"):
        lax.with_threshold(0.0, least_similarity=90)


def test_its_fingerprint_changes_with_the_verdicts(verifier, tmp_path):
    strict = verifier.with_threshold(0.9)
    strict.save(tmp_path / "mine.json")
    assert strict.fingerprint == Verifier.load(tmp_path / "mine.json").fingerprint
    assert strict.fingerprint != verifier.fingerprint


def test_it_knows_the_pairs_that_it_was_fitted_on_also_after_a_file(verifier, tmp_path):
    path = tmp_path / "mine.json"
    verifier.with_threshold(0.9).save(path)
    for one in (verifier, Verifier.load(path)):
        assert one.saw("keep 3 days", "keep 5 days") and one.saw("keep 5 days", "keep 3 days")
        assert not one.saw("keep 3 days", "keep 4 days")
    assert Verifier.load(path).fitted_on == verifier.fitted_on and len(verifier.fitted_on) == 2


def test_a_file_of_an_older_version_loads_and_knows_no_pair(verifier, tmp_path):
    path = tmp_path / "old.json"
    verifier.save(path)
    record = json.loads(path.read_text())
    del record["fitted_on"]
    path.write_text(json.dumps(record))
    old = Verifier.load(path)
    assert old.coefficients == verifier.coefficients and old.fingerprint == verifier.fingerprint
    assert not old.fitted_on and not old.saw("keep 3 days", "keep 5 days")


def test_its_embedding_model_goes_into_the_file_and_changes_no_verdict(verifier, tmp_path):
    assert verifier.embedding_model is None
    named = Verifier(verifier.coefficients, verifier.scales, embedding_model="e5")
    path = tmp_path / "mine.json"
    named.with_threshold(0.9).save(path)
    loaded = Verifier.load(path)
    assert loaded.embedding_model == "e5"
    assert loaded.fingerprint == verifier.with_threshold(0.9).fingerprint
    verifier.save(path)
    assert Verifier.load(path).embedding_model is None
    assert "embedding_model" not in json.loads(path.read_text()), "as older files are"


def test_similarities_of_another_model_are_refused_where_both_are_known(verifier):
    named = verifier.with_threshold(0.9)
    named.embedding_model = "e5"
    named.check_ready("e5")
    named.check_model(None)
    verifier.with_threshold(0.9).check_ready("other")
    with pytest.raises(ConfigError, match="fitted on similarities of e5, and these are of other"):
        named.check_ready("other")
    with pytest.raises(ConfigError, match="no threshold"):
        verifier.check_ready("e5")
