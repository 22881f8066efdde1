"""The guard as a whole: a probability that can be explained, and a fit that can be repeated."""

import json
import math

import numpy as np
import pytest

from semcache import EmbeddingCache, SemanticCache, connect
from semcache.errors import ConfigError
from semcache.evaluate.pairs import divide, read_pairs
from semcache.evaluate.scoring import similarities
from semcache.guard import Features, Guard, features
from semcache.guard.fit import fit, main, signs
from semcache.guard.model import NAMES
from semcache.lab.data import FOLDER

PAIR = ("How do I enable two-factor?", "How do I disable 2FA?")
PARAPHRASE = ("How do I enable two-factor?", "turn on 2FA")


def test_an_opposite_is_less_probable_than_a_paraphrase_of_lower_similarity():
    guard = Guard()
    assert guard.probability(*PAIR, 0.97) < 0.3 < guard.probability(*PARAPHRASE, 0.93)


def test_the_explanation_adds_up_to_the_probability_largest_first():
    guard = Guard()
    parts = guard.explain(*PAIR, 0.97)
    total = sum(part.log_odds for part in parts)
    assert guard.probability(*PAIR, 0.97) == pytest.approx(1 / (1 + math.exp(-total)))
    sizes = [abs(part.log_odds) for part in parts]
    assert sizes == sorted(sizes, reverse=True) and 0 not in sizes


def test_a_guard_is_a_verifier_like_any_other(fakeredis_):
    lab = connect(quiet=True)
    embeddings = EmbeddingCache(fakeredis_(), lab.openai, model=lab.embedding_model)
    cache = SemanticCache(fakeredis_(), embeddings, threshold=0.8, verifier=Guard())
    cache.add_cache(PAIR[0], "Under Security.")
    assert cache.lookup(PARAPHRASE[1]).response == "Under Security."
    assert cache.lookup(PAIR[1]) is None
    assert cache.last_lookup.similarity > 0.8, "it was near enough, and refused"


def test_the_threshold_decides():
    probability = Guard().probability(*PARAPHRASE, 0.93)
    assert Guard(threshold=probability)(*PARAPHRASE, 0.93) is True
    assert Guard(threshold=probability + 1e-9)(*PARAPHRASE, 0.93) is False


def test_what_cannot_work_is_refused():
    with pytest.raises(ConfigError, match="moon"):
        Guard({"moon": 1.0})
    with pytest.raises(ConfigError, match="between 0 and 1"):
        Guard(threshold=75)


def test_on_held_out_pairs_it_serves_what_its_docstring_says():
    pairs = divide(read_pairs(FOLDER / "pairs.jsonl"))[1]
    guard, lab = Guard(), connect(quiet=True)
    embeddings = EmbeddingCache(lab.redis, lab.openai, model=lab.embedding_model)
    scores = similarities(pairs, embeddings.get_embeddings_batch)
    served = [guard(p.a, p.b, s) for p, s in zip(pairs, scores, strict=True)]
    same = np.array([pair.same for pair in pairs])
    assert 0.55 < np.mean(np.array(served)[same]) < 0.66
    assert 0.09 < np.mean(np.array(served)[~same]) < 0.15


@pytest.mark.parametrize(
    ("a", "b"),
    [PAIR, PARAPHRASE, ("", "x"), ("两个账号", "3 accounts"), ("move from A to B", "回退"),
     ("\ud800", "a\0b"), ("???", "。。。"), ("a" * 5_000, "9" * 5_000)],
)  # fmt: skip
def test_features_are_finite_not_negative_and_the_same_both_ways(a, b):
    row = features(a, b)
    assert row == features(b, a)
    assert all(math.isfinite(value) and value >= 0 for value in row)


def test_a_text_differs_in_nothing_from_itself():
    text = "Move 3 files from Paris to my Mac before Monday without VPN?"
    row = features(text, text)
    speaks_for_itself = {"shared", "personal", "volatile", "follow_up"}
    assert [n for n in Features._fields if getattr(row, n) and n not in speaks_for_itself] == []


def test_the_shipped_coefficients_keep_the_signs_a_linguist_insists_on():
    values = np.array(list(Guard().coefficients.values()))
    assert (values * signs() >= 0).all()


def _sample(n=2_000):
    rng = np.random.default_rng(7)
    x = rng.random((n, len(NAMES)))
    x[:, 0] = 1
    truth = np.where(signs() == 0, 0.0, signs() * 1.5)
    truth[0] = -x[:, 1:].mean(0) @ truth[1:]
    return x, rng.random(n) < 1 / (1 + np.exp(-x @ truth)), truth


def test_the_fit_finds_the_coefficients_that_made_the_labels():
    x, same, truth = _sample(60_000)
    assert np.abs(fit(x, same, penalty=0.01) - truth)[1:].max() < 0.25


def test_the_fit_stands_where_the_penalised_loss_has_no_slope():
    x, same, _ = _sample()
    beta = fit(x, same, penalty=2.0)
    slope = x.T @ (1 / (1 + np.exp(-x @ beta)) - same) + np.r_[0, 2.0 * beta[1:]]
    assert np.abs(slope[beta != 0]).max() < 1e-4


def test_a_feature_that_lies_about_its_sign_gets_no_weight():
    x, same, _ = _sample()
    number = NAMES.index("number_changed")
    x[:, number] = same
    assert fit(x, same)[number] == 0


def test_the_command_fits_on_the_calibration_part_only_and_twice_the_same(tmp_path, capsys):
    kept = [("open the door", "shut the door", False), ("open the door", "unlatch it", False),
            ("3 kg of rice", "4 kg of rice", False), ("cancel an order", "order cancelled", True),
            ("2 hours", "120 minutes", True), ("price of tea", "cost of tea", True)]  # fmt: skip
    rows = [{"a": a, "b": b, "same": same, "split": "calibration"} for a, b, same in kept]
    held = [dict(row, same=not row["same"], split="held-out") for row in rows]
    outputs = []
    for name, content in (("one", rows), ("two", rows + held)):
        pairs, out = tmp_path / f"{name}.jsonl", tmp_path / f"{name}.json"
        pairs.write_text("\n".join(map(json.dumps, content)))
        main([str(pairs), "--out", str(out)])
        outputs.append(out.read_text())
    assert outputs[0] == outputs[1]
    fitted = json.loads(outputs[0])["coefficients"]
    assert set(fitted) == set(NAMES) and fitted["number_changed"] < 0
    assert "6 calibration pairs, 3 of them" in capsys.readouterr().out


def test_a_file_without_a_calibration_part_is_refused(tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"a": "x", "b": "y", "same": true, "split": "held-out"}\n')
    with pytest.raises(ConfigError, match="calibration"):
        main([str(pairs), "--out", str(tmp_path / "out.json")])
