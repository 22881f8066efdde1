"""The recorded answers, and what is said when there is none."""

import json
from collections import Counter

from semcache.lab.data import read_rows
from semcache.lab.offline import OfflineAPI, answers
from semcache.lab.offline.answers import PHRASINGS, RECORDED, answer

ENTRIES = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]

DESK = read_rows(PHRASINGS)


def spoken(question: str, model: str = "offline-large") -> str:
    messages = [{"role": "user", "content": question}]
    reply = OfflineAPI().client().chat.completions.create(model=model, messages=messages)
    return reply.choices[0].message.content


def questions_of(entry: dict) -> list[str]:
    asked = [row["text"] for row in DESK if f"{row['answer']}.{row['language']}" == entry["id"]]
    return [*entry.get("questions", ()), *asked]


def test_every_recorded_question_gets_its_answer(subtests):
    for entry in ENTRIES:
        with subtests.test(entry["id"]):
            assert entry.keys() - {"questions"} == {"id", "language", "answer"}
            assert questions_of(entry), "nobody ever gets this answer"
            for question in questions_of(entry):
                assert answer(question, "offline-large") == entry["answer"]
                first = answer(question, "offline-mini")
                assert entry["answer"].startswith(first)
                assert first[-1] in ".。" and first != entry["answer"]


def test_no_question_and_no_id_is_recorded_twice():
    questions = Counter(
        q.strip().casefold() for entry in ENTRIES for q in entry.get("questions", ())
    )
    ids = Counter(entry["id"] for entry in ENTRIES)
    assert [name for name, count in (questions + ids).items() if count > 1] == []


def test_answers_are_in_the_language_of_the_question():
    def chinese(text: str) -> bool:
        return any("\u4e00" <= char <= "\u9fff" for char in text)

    def one_language(entry: dict) -> bool:
        texts = [entry["answer"], *entry.get("questions", ())]
        return {chinese(text) for text in texts} == {entry["language"] == "zh"}

    assert [entry["id"] for entry in ENTRIES if not one_language(entry)] == []


def test_the_questions_of_the_source_documents_are_recorded():
    questions = {question for entry in ENTRIES for question in entry.get("questions", ())}
    assert questions >= {
        "What is Python?",
        "Python是什么？",
        "请介绍一下Python",
        "Can you tell me about Python?",
        "What is JavaScript?",
        "What is Rust?",
        "Rust是什么？",
    }


def test_case_and_surrounding_space_do_not_matter():
    assert spoken("  WHAT IS python?\n") == spoken("What is Python?")


def test_an_unknown_question_is_answered_plainly_and_repeated():
    question = "How far is the moon?"
    for model in ("offline-mini", "offline-large"):
        text = spoken(question, model)
        assert model in text and "offline answer" in text and "no language model" in text
        assert text.endswith(question)


def test_without_the_file_every_question_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "RECORDED", tmp_path / "answers.jsonl")
    assert spoken("What is Python?").endswith("You asked: What is Python?")


def test_every_question_of_the_support_desk_has_its_answer_in_its_language():
    ids = {entry["id"] for entry in ENTRIES}
    assert {f"{row['answer']}.{row['language']}" for row in DESK} <= ids
    assert repeated(entry["answer"] for entry in ENTRIES) == []
    firsts = [
        answer(text, "offline-mini")
        for text in {row["answer"]: row["text"] for row in DESK}.values()
    ]
    assert repeated(firsts) == [], "the first sentence alone answers, so no two may be alike"


def repeated(values) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]
