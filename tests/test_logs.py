"""Logs of three shapes: what is a question, what is left out, what cannot be read."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from semcache.errors import ConfigError, InvalidInput
from semcache.evaluate.logs import Log, read_log
from semcache.evaluate.logs.messages import EMPTY


@pytest.fixture
def read(tmp_path: Path):
    """Writes a log and reads it."""

    def read_(name: str, content: Any, format: str | None = None) -> Log:
        path = tmp_path / name
        if isinstance(content, list):
            content = "\n".join(map(json.dumps, content))
        path.write_text(content, encoding="utf-8")
        return read_log(path, format)

    return read_


def user(*content: Any) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": "Be brief."},
        *({"role": "user", "content": c} for c in content),
    ]


# Tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "Question;Language;Timestamp\nrefund?;en;2026-11-28\n退款?;zh;2026-11-29\n"),
        ("l.tsv", "lang\tprompt\tdate\nen\trefund?\t2026-11-28T00:00:00Z\nzh\t退款?\t2026-11-29\n"),
        ("l.csv", "time,query,locale\n1795910400,退款?,zh\n1795824000000,refund?,en\n"),
        (
            "l.jsonl",
            '{"text": "refund?", "language": "en", "created": 1795824000}\n\n'
            '{"text": "退款?", "language": "zh", "created": 1795910400}',
        ),
        (
            "l.json",
            '[{"text": "refund?", "language": "en", "time": 1795824000},\n'
            '{"text": "退款?", "language": "zh", "time": 1795910400}]',
        ),
    ],
)
def test_tables_as_spreadsheets_and_programs_write_them(read, name, text):
    log = read(name, text)
    assert [(e.text, e.language, e.time) for e in log.entries] == [
        ("refund?", "en", 1_795_824_000),
        ("退款?", "zh", 1_795_910_400),
    ]
    assert (log.format, log.ordered) == ("table", True)


def test_without_a_time_in_each_row_the_order_is_the_files(read):
    log = read("l.csv", "text,time,tenant,answer,id\nb,2026-11-29,acme,yes,7\na,,beta,,8\n")
    assert [e.text for e in log.entries] == ["b", "a"] and not log.ordered
    assert log.entries[0][2:6] == ("", "acme", "yes", "7") and math.isnan(log.entries[1].time)


# Conversations --------------------------------------------------------------------------

IMAGE = [{"type": "text", "text": "what is it"}, {"type": "image_url", "image_url": {"url": "x"}}]
LEFT_OUT = {
    EMPTY: [user(""), user([{"type": "text", "text": " "}]), user(None), user("hi", "")],
    "an image, a file or sound": [user(IMAGE), user([{"type": "input_file", "file_id": "7"}])],
    "no message of the user": [[{"role": "system", "content": "x"}]],
    "an earlier turn, on which the answer may depend": [
        user("hi", "and that?"),
        [*user("hi"), {"role": "assistant", "content": "yes?"}, *user("and that?")],
    ],
    "a call of a tool, or its result": [
        [*user("hi"), {"role": "tool", "content": "4"}],
        [*user("hi"), {"role": "assistant", "tool_calls": [{"id": "1"}]}],
        [{"role": "tool", "content": "4"}, *user("so?")],
        user([{"type": "tool_result", "content": "4"}]),
    ],
}


@pytest.mark.parametrize(("reason", "requests"), LEFT_OUT.items())
def test_what_no_cache_answers_by_similarity_is_counted(read, reason, requests):
    rows = [{"messages": messages} for messages in [user("refund?"), *requests]]
    log = read("l.jsonl", rows)
    assert [e.text for e in log.entries] == ["refund?"] and log.format == "openai"
    assert log.left_out == {reason: len(requests)} and not log.faults


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [*user("refund?"), {"role": "assistant", "content": "In the app."}]},
        {
            "id": "c1",
            "object": "chat.completion",
            "created": 1_795_824_000,
            "messages": user([{"type": "text", "text": "refund?"}]),
            "choices": [{"message": {"role": "assistant", "content": "In the app."}}],
            "metadata": {"language": "en", "tenant": "acme"},
        },
        {
            "request": {"model": "m", "messages": user("refund?"), "metadata": {"tenant": "acme"}},
            "response": {"choices": [{"message": {"content": "In the app."}}], "created": 1},
        },
        {
            "custom_id": "c1",
            "body": {"messages": user("refund?")},
            "response": {"body": {"choices": [{"message": {"content": "In the app."}}]}},
        },
        {
            "model": "m",
            "input": "refund?",
            "created_at": 1,
            "output": [
                {"type": "message", "content": [{"type": "output_text", "text": "In the app."}]}
            ],
        },
    ],
)
def test_openais_shapes(read, record):
    (entry,) = read("l.jsonl", [record]).entries
    assert (entry.text, entry.answer) == ("refund?", "In the app.")
    if "created" in record:
        assert entry[1:4] == (1_795_824_000, "en", "acme") and entry.id == "c1"


def test_an_export_of_usage_has_no_questions(read):
    usage = {"object": "bucket", "start_time": 1, "results": [{"num_model_requests": 7}]}
    with pytest.raises(ConfigError, match="holds numbers of tokens, no questions"):
        read("usage.json", json.dumps({"object": "page", "data": [usage]}))


HUMAN = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "messages", "HumanMessage"],
    "kwargs": {"content": "refund?"},
}


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"messages": user("refund?")}, {"choices": [{"message": {"content": "In the app."}}]}),
        ({"messages": [[HUMAN]]}, {"generations": [[{"text": "In the app."}]]}),
        (
            {"messages": [{"type": "human", "data": {"content": "refund?"}}]},
            {"generations": [[{"message": {"kwargs": {"content": "In the app."}}}]]},
        ),
        ({"question": "refund?"}, {"answer": "In the app."}),
        ({"input": "refund?", "chat_history": []}, {"output": {"content": "In the app."}}),
        ({"prompts": ["refund?"]}, {"messages": [HUMAN, {"type": "ai", "content": "In the app."}]}),
    ],
)
def test_langsmiths_runs(read, inputs, outputs):
    run = {"id": "1", "run_type": "llm", "start_time": "2026-11-28T00:00:00.5", "outputs": outputs}
    run |= {"inputs": inputs, "extra": {"metadata": {"language": "en"}}}
    as_text = run | {"id": "2", "inputs": json.dumps(inputs), "outputs": json.dumps(outputs)}
    for name, content in (
        ("runs.jsonl", [run, as_text]),
        ("runs.json", json.dumps([run, as_text], indent=1)),
        ("page.json", json.dumps({"runs": [run, as_text]}, indent=1)),
    ):
        log = read(name, content)
        assert log.format == "langsmith" and len(log.entries) == 2, name
        for entry in log.entries:
            assert entry[:5] == ("refund?", 1_795_824_000.5, "en", "", "In the app."), name


def test_a_run_inside_another_counts_once_and_tools_not_at_all(read):
    outer = {"id": "1", "run_type": "chain", "inputs": {"question": "refund?"}}
    inner = {"id": "2", "run_type": "llm", "parent_run_id": "1"}
    inner["inputs"] = {"messages": user("Context: ... Question: refund?")}
    tool = {"id": "3", "run_type": "retriever", "parent_run_id": "1", "inputs": {"query": "refund"}}
    later = {"id": "4", "run_type": "chain", "inputs": {"input": "and?", "chat_history": ["x"]}}
    log = read("runs.jsonl", [inner, tool, outer, later])
    assert [e.text for e in log.entries] == ["refund?"]
    assert log.left_out == {
        "inside another run of the file": 1,
        "a run of type retriever": 1,
        "an earlier turn, on which the answer may depend": 1,
    }


# What cannot be read --------------------------------------------------------------------


def test_single_lines_that_cannot_be_read_are_named_and_skipped(read):
    good = json.dumps({"messages": user("refund?")})
    bad = ['{"messages": [', "[1]", json.dumps({"messages": [7]}), json.dumps({"messages": []})]
    log = read("l.jsonl", "\n".join([good, bad[0], *[good] * 6, *bad[1:]]))
    assert len(log.entries) == 7 and log.entries[1].line == 3
    assert [fault.partition(":")[0] for fault in log.faults] == [
        f"line {n}" for n in (2, 9, 10, 11)
    ]
    assert "no JSON" in log.faults[0] and "no object with role" in log.faults[2]


@pytest.mark.parametrize(
    ("name", "text", "kind", "message"),
    [
        ("l.csv", "text,time\n,2026-11-28\n", InvalidInput, r"no question .*no text: 1"),
        ("l.csv", "title,time\nx,1\n", InvalidInput, "line 1: no column text or question or"),
        ("l.csv", "", InvalidInput, "empty"),
        ("l.csv", 'text,time\n"a,1\n', InvalidInput, "line 2: unexpected end"),
        ("l.jsonl", '{"title": "x"}\n', ConfigError, "the first record has title"),
        ("l.jsonl", "nonsense\n", InvalidInput, "line 1: no JSON"),
        ("l.json", '[{"text": "a"},\n{"text" "b"}]', InvalidInput, "line 2: no JSON"),
        ("l.csv", "text,time\na,soon\nb,1\nc,later\n", InvalidInput, "line 2: the time is 'soon'"),
        ("l.xlsx", "", ConfigError, r"logs are read from \.csv"),
    ],
)
def test_a_log_that_cannot_be_used_is_refused_by_file_and_line(
    read, tmp_path, name, text, kind, message
):
    with pytest.raises(kind, match=message) as error:
        read(name, text)
    assert str(error.value).startswith(str(tmp_path / name))


def test_a_format_is_taken_by_its_name(read):
    both = [{"text": "typed", "messages": user("sent")}]
    assert read("l.jsonl", both).entries[0].text == "sent"
    assert read("l.jsonl", both, "table").entries[0].text == "typed"
    with pytest.raises(ConfigError, match="no format 'csv': there are langsmith, openai, table"):
        read("l.jsonl", both, "csv")
    with pytest.raises(ConfigError, match="No such file"):
        read_log("nowhere.csv")


def test_parquet_says_what_to_install(read, monkeypatch):
    for name in ("polars", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match="needs polars or pandas: python -m pip install"):
        read("l.parquet", "PAR1")
