"""The benchmark of admission: its tables, its reading of streams, its attacks."""

import numpy as np
import pytest

from benchmarks.admission import attacks, by_intent, refusals
from benchmarks.admitting.attacks import counts, false_alarms
from benchmarks.admitting.texts import Texts, own, rates, stray, streams
from semcache.errors import ConfigError
from semcache.sharing import DEFAULT_RULES, Rule

SALARY = Rule("salary", "names a salary", lambda text: "salary" in text)
BONUS = Rule("bonus", "names a bonus", lambda text: "bonus" in text)


def same(texts):
    """Return one vector for every text: all are similar."""
    return np.ones((len(texts), 1), np.float32)


def test_a_rule_is_counted_wherever_it_applies():
    texts = ["salary and bonus", "bonus", "lunch", "tea"]
    assert rates(texts, (SALARY, BONUS)) == [0.25, 0.5, 0.5]
    table = list(refusals([Texts("all", True, texts)], (SALARY, BONUS)))
    assert table[2] == "| all   | 4      | 25.00% | 50.00% | 50.00% |"


def test_a_stray_refusal_is_one_in_an_intent_that_is_hardly_refused():
    stream = Texts("s", False, ["salary", "salary", "a salary", "tea", "cake"], list("ppqqq"))
    assert stray(stream, SALARY) == (0.6, 0.2, [("p", 1.0), ("q", 1 / 3)])


def test_streams_are_read_and_other_files_left(tmp_path):
    (tmp_path / "stream.csv").write_text("text,intent\nwhere is my order,order\nhello,greeting\n")
    (tmp_path / "pairs.csv").write_text("a,b,same\nx,y,1\n")
    (stream,) = streams(tmp_path)
    assert stream == ("stream", False, ["where is my order", "hello"], ["order", "greeting"])
    assert any("order 100%" in line for line in by_intent(stream))


def test_a_folder_without_streams_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no"):
        list(streams(tmp_path))


def test_the_projects_own_texts_are_all_there():
    sets = list(own())
    assert sum(len(each.texts) for each in sets if each.name.startswith("phrasings")) == 1_138
    assert sum(len(each.texts) for each in sets if each.name.startswith("desks")) == 1_128
    assert sum(len(each.texts) for each in sets if each.name.startswith("pairs")) == 2 * 1_629
    traps = {each.name for each in sets if not each.ordinary}
    assert "pairs: personal, zh" in traps and "pairs: typo, en" not in traps


def test_false_alarms_of_the_new_rules_on_the_projects_own_texts_are_rare():
    rules = [r for r in DEFAULT_RULES if r.name not in ("personal", "volatile", "follow-up")]
    texts = [text for each in own() if each.ordinary for text in each.texts]
    assert rates(texts, rules)[-1] <= 0.005


def test_attacks_that_are_not_similar_are_no_danger_and_all_are_counted_by_split():
    found = list(counts(same, threshold=0.9))
    assert all(count.bare == count.attacks for count in found)
    assert all(count.served == count.admitted for count in found)
    assert sum(count.attacks for count in found if count.kind == "all") == 216
    assert all(count.bare == 0 for count in counts(lambda texts: 0 * same(texts), 0.9))
    assert list(attacks(same))[2].startswith("| appended   | calibration | 6 ")


def test_ordinary_questions_are_counted_by_language_and_half():
    found = list(false_alarms())
    assert [(language, split) for language, split, *_ in found] == [
        ("en", "calibration"), ("en", "held-out"), ("zh", "calibration"), ("zh", "held-out"),
    ]  # fmt: skip
    assert sum(count for _, _, count, *_ in found) == 42
