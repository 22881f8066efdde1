"""The benchmark of the replay: what it writes, and what it promises."""

from benchmarks.replay import Measured, cases, targets, write_log
from semcache.replay import read_log, requests_of


def test_a_log_has_as_many_rows_as_vectors_and_the_worst_has_no_text_twice(tmp_path):
    for case in cases(1_500)[::2]:
        texts = write_log(case._replace(texts=max(case.texts, 1_138)), 1_500, tmp_path)
        requests = requests_of(read_log(tmp_path / "log.jsonl"))
        assert (len(requests), len(requests.unique)) == (1_500, texts)
    assert texts == 1_500


def test_processor_time_above_the_promise_is_not_called_reached():
    fast = Measured("a", 1, 1, wall=300, processor=59, gigabytes=0.5, hit_rate=0)
    slow = fast._replace(processor=77, gigabytes=1.1)
    assert [one.verdict for one in targets([fast])] == ["reached", "reached"]
    assert all(one.verdict.startswith("short by") for one in targets([slow]))
