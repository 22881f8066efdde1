"""Checks of lesson 07: tiers in order, what is left of a life, hits and wrong answers."""

from collections.abc import Callable
from typing import Any

import fakeredis
import numpy as np

from semcache.course.exercises import Exercise
from semcache.course.sent import LATER_TTL, commands_of

OBJECTIVES = {
    "07.a": "put an exact tier before a semantic one, and say what each of them saves",
    "07.b": "promote an answer without prolonging its life",
    "07.c": "read hits and wrong answers side by side",
}

QUESTIONS = (
    "What share of your own requests repeats an earlier text, letter for letter?",
    "When an answer turns out wrong, who deletes it, and from how many tiers?",
)


def _verify_first_answer(first_answer: Callable[..., Any]) -> str | None:
    exact: dict[str, str] = {"known": " from exact", "silent": ""}
    asked: list[str] = []

    def similar(question: str) -> str | None:
        asked.append("similar")
        return {"near": "from similar", "near silence": ""}.get(question)

    def llm(question: str) -> str:
        asked.append("llm")
        if question == "broken":
            raise OSError("the LLM is down")
        known = {"new": "from llm", "NEW": "from LLM", " new": "another", "new silence": ""}
        return known.get(question, "asked in vain")

    def ask(question: str) -> tuple[Any, list[str]]:
        asked.clear()
        return first_answer(question, exact, similar, llm), list(asked)

    for _ in range(2):
        if ask("known") != (" from exact", []):
            return "what exact holds is to be returned, as it is, each time, without asking others."
    if ask("silent") != ("", []):
        return "exact holds an empty answer, which is an answer; yet a later tier was asked."
    if ask("near") != ("from similar", ["similar"]):
        return "what similar returns is to be returned, with exact missed and llm not asked."
    if ask("near") != ("from similar", []):
        return "a question that similar answered is not found in exact the next time."
    if ask("near silence") != ("", ["similar"]):
        return "similar returned an empty answer, not None; yet it did not end there."
    if ask("new") != ("from llm", ["similar", "llm"]):
        return "a new question is to be asked of similar, then of llm, once each."
    if ask("new") != ("from llm", []):
        return "a question that llm answered is not found in exact the next time."
    if ask("NEW") != ("from LLM", ["similar", "llm"]):
        return "NEW and new are two texts; an exact tier tells them apart."
    if ask(" new") != ("another", ["similar", "llm"]):
        return "a text with a space before it is another text; an exact tier tells them apart."
    if ask("known") != (" from exact", []):
        return "what exact held before is gone after other questions."
    try:
        ask("broken")
    except OSError:
        if "broken" in exact:
            return "llm failed, and something is stored for the question."
    else:
        return "llm raised an error, and it did not come out: an outage becomes an answer."
    if ask("new silence")[0] != "" or ask("new silence") != ("", []):
        return "llm answered with an empty text, and the same question went further than exact."
    return None


# expires_at, now, milliseconds to live (None: not stored), what is wrong otherwise
_LIVES: tuple[tuple[float, float, int | None, str], ...] = (
    (3_600, 3_540, 60_000, "an answer with 60 seconds left does not get 60,000 milliseconds."),
    (5_000, 1_400, 3_600_000, "an answer with an hour left does not get an hour."),
    (9_000, 1_800, 7_200_000, "an answer with two hours left does not get two hours."),
    (100.5, 100.1, 400, "an answer with 0.4 seconds left does not get 400 milliseconds."),
    (2_000_000_090, 2_000_000_000, 90_000, "it is wrong for a clock that shows another date."),
    (2_000_000_000.2504, 2_000_000_000, 250, "a quarter of a second is left, and that is a life."),
    (1_000.0004, 1_000, 1, "less than a millisecond is left, and no more."),
    (3_600, 3_600, None, "at expires_at the life is over, and nothing is to be stored."),
    (3_600, 3_700, None, "what is over already is not to be stored."),
)


def _verify_promote(promote: Callable[..., Any]) -> str | None:
    client: Any = fakeredis.FakeRedis(server=fakeredis.FakeServer())
    # fakeredis cuts what PSETEX is given to whole seconds
    client.psetex = lambda key, milliseconds, value: client.set(key, value, px=milliseconds)
    sent = commands_of(client)
    for number, (expires_at, now, right, complaint) in enumerate(_LIVES):
        answer = ("the answer", "", " 重置密码 ")[number % 3]
        client.flushall()
        client.set("another key", "another answer")
        if right is not None and right > 100:
            client.set("key", "an older answer", ex=7)
        promote(client, "key", answer, expires_at, now)
        if set(sent) & LATER_TTL:
            return "SET and then EXPIRE: after a crash between them the copy lives for ever."
        if client.get("another key") != b"another answer":
            return "another key is gone, or changed."
        left = client.pttl("key")  # -2: no such key; -1: it never expires
        if left == -1:
            return "the key is stored without an end."
        if right is None:
            if left != -2:
                return complaint
        elif left == -2 and right > 100:  # what has less to live may be gone by now
            return f"with {expires_at - now:.3g} seconds left, nothing is stored."
        # A slow machine may have used up some; fakeredis cuts SETEX to whole seconds.
        elif not right - (250 if right < 10_000 else 1_000) <= left <= right + 1:
            return complaint
        elif left > 0 and client.get("key") != answer.encode():
            return f"what is stored is not the answer, {answer!r}."
    return None


_LOGS: tuple[tuple[list[tuple[str, str, str]], tuple[float, float], str], ...] = (
    (
        [("LLM", "a", "a"), ("similar", "b", "a")],
        (0.5, 1.0),
        "for the log of the exercise it is not (0.5, 1.0).",
    ),
    (
        [("LLM", "a", "a"), ("exact", "a", "a"), ("exact", "b", "a"), ("similar", "a", "a")],
        (0.75, 1 / 3),
        "a promoted wrong answer is an exact hit, and wrong; one of three hits is wrong here.",
    ),
    (
        [("LLM", "a", "a"), ("LLM", "b", "b"), ("similar", "c", "b"), ("similar", "a", "a")],
        (0.5, 0.5),
        "one of two hits is wrong here, whatever the number of requests.",
    ),
    (
        [("LLM", "a", "b"), ("LLM", "a", "a"), ("similar", "a", "a")],
        (1 / 3, 0.0),
        "the LLM's own wrong answer is no hit, so it is no false hit.",
    ),
    (
        [("LLM", "a", "a"), ("similar", "b", "a"), ("similar", "b", "a"), ("exact", "a", "a")],
        (0.75, 2 / 3),
        "two equal rows are two requests: two of three hits are wrong here.",
    ),
    (
        [("similar", "a", ""), ("similar", "a", "A"), ("similar", "", "")],
        (1.0, 2 / 3),
        "an empty answer is an answer, and A is not a: two of three hits are wrong here.",
    ),
    ([("exact", "a", "a")] * 3, (1.0, 0.0), "a log of right hits has no false hit."),
    ([("LLM", "a", "a"), ("LLM", "b", "b")], (0.0, 0.0), "a log without hits has two zeros."),
)


def _verify_judge(judge: Callable[..., Any]) -> str | None:
    for log, right, complaint in _LOGS:
        found = judge(list(log))
        if not isinstance(found, tuple | list | np.ndarray) or len(found) != 2:
            return "it is to return two numbers: hit rate, false-hit rate."
        if not np.allclose(found, right):
            return complaint
    return None


EXERCISES = (
    Exercise(
        id="07.1",
        objectives=("07.a",),
        name="first_answer",
        hint="`question in exact` is true for an empty answer, too. Three tiers, two of them "
        "write to exact.",
        solution="""
def first_answer(question, exact, similar, llm):
    if question not in exact:
        found = similar(question)
        exact[question] = llm(question) if found is None else found
    return exact[question]
""",
        wrong=(
            """
def first_answer(question, exact, similar, llm):
    if question not in exact:
        answer = similar(question)
        if answer is None:
            try:
                answer = llm(question)
            except Exception:
                answer = ""
        exact[question] = answer
    return exact[question]
""",
            """
def first_answer(question, exact, similar, llm):
    return exact.get(question) or similar(question) or llm(question)
""",
            """
def first_answer(question, exact, similar, llm):
    if not exact.get(question):
        found = similar(question)
        exact[question] = llm(question) if found is None else found
    return exact[question]
""",
            """
def first_answer(question, exact, similar, llm):
    if question not in exact:
        exact[question] = similar(question) or llm(question)
    return exact[question]
""",
            """
def first_answer(question, exact, similar, llm):
    found = similar(question)
    if question in exact:
        return exact[question]
    exact[question] = llm(question) if found is None else found
    return exact[question]
""",
            """
def first_answer(question, exact, similar, llm):
    if question in exact:
        return exact[question]
    found = similar(question)
    if found is not None:
        return found
    exact[question] = llm(question)
    return exact[question]
""",
            """
def first_answer(question, exact, similar, llm):
    if question in exact:
        return exact[question]
    found = similar(question)
    if found is not None:
        exact[question] = found
        return found
    return llm(question)
""",
            """
def first_answer(question, exact, similar, llm):
    question = question.lower()
    if question not in exact:
        found = similar(question)
        exact[question] = llm(question) if found is None else found
    return exact[question]
""",
        ),
        may_change=True,
        verify=_verify_first_answer,
    ),
    Exercise(
        id="07.2",
        objectives=("07.b",),
        name="promote",
        hint="How many seconds lie between now and the end? redis.set has ex= for whole seconds "
        "and px= for whole milliseconds, and refuses 0.",
        solution="""
def promote(redis, key, answer, expires_at, now):
    left = expires_at - now
    if left > 0:
        redis.set(key, answer, px=max(1, round(1_000 * left)))
""",
        wrong=(
            """
def promote(redis, key, answer, expires_at, now):
    redis.set(key, answer, ex=3_600)
""",
            """
def promote(redis, key, answer, expires_at, now):
    if expires_at > now:
        redis.set(key, answer)
""",
            """
def promote(redis, key, answer, expires_at, now):
    if expires_at > now:
        redis.set(key, answer, exat=int(expires_at))
""",
            """
def promote(redis, key, answer, expires_at, now):
    left = int(expires_at - now)
    if left > 0:
        redis.set(key, answer, ex=left)
""",
            """
def promote(redis, key, answer, expires_at, now):
    redis.set(key, answer, px=max(1_000, round(1_000 * (expires_at - now))))
""",
            """
def promote(redis, key, answer, expires_at, now):
    redis.set(key, answer, px=round(1_000 * (expires_at - now)))
""",
            """
def promote(redis, key, answer, expires_at, now):
    if expires_at > now:
        redis.set(key, answer, px=int(1_000 * (expires_at - now)))
""",
            """
def promote(redis, key, answer, expires_at, now):
    left = expires_at - now
    if left > 0:
        redis.set(key, answer)
        redis.pexpire(key, max(1, round(1_000 * left)))
""",
            """
def promote(redis, key, answer, expires_at, now):
    left = expires_at - now
    if left > 0:
        redis.set(key, answer, px=max(1, round(1_000 * left)), nx=True)
""",
        ),
        verify=_verify_promote,
    ),
    Exercise(
        id="07.3",
        objectives=("07.c",),
        name="judge",
        hint="First make the list of the hits. One number divides by the length of the log, the "
        "other by the length of that list.",
        solution="""
def judge(log):
    hits = [(wanted, given) for tier, wanted, given in log if tier != "LLM"]
    wrong = sum(wanted != given for wanted, given in hits)
    return len(hits) / len(log), wrong / len(hits) if hits else 0.0
""",
        wrong=(
            """
def judge(log):
    hits = [(wanted, given) for tier, wanted, given in log if tier != "LLM"]
    wrong = sum(wanted != given for wanted, given in hits)
    return len(hits) / len(log), wrong / len(log)
""",
            """
def judge(log):
    hits = [(wanted, given) for tier, wanted, given in log if tier == "similar"]
    wrong = sum(wanted != given for wanted, given in hits)
    return sum(row[0] != "LLM" for row in log) / len(log), wrong / len(hits) if hits else 0.0
""",
            """
def judge(log):
    hits = [row for row in log if row[0] != "LLM"]
    wrong = sum(wanted != given for tier, wanted, given in log if tier == "similar")
    return len(hits) / len(log), wrong / len(hits) if hits else 0.0
""",
            """
def judge(log):
    hits = [(wanted, given) for tier, wanted, given in log if tier != "LLM"]
    wrong = sum(wanted != given for wanted, given in hits)
    return len(hits) / len(log), wrong / len(hits)
""",
            """
def judge(log):
    wrong = sum(wanted != given for tier, wanted, given in log)
    return 1.0, wrong / len(log)
""",
            """
def judge(log):
    hits = [(wanted, given) for tier, wanted, given in log if tier != "LLM"]
    right = sum(wanted == given for wanted, given in hits)
    return len(hits) / len(log), right / len(hits) if hits else 0.0
""",
            """
def judge(log):
    hits = [row for row in log if row[0] != "LLM"]
    wrong = sum(wanted != given for tier, wanted, given in log)
    return len(hits) / len(log), wrong / len(hits) if hits else 0.0
""",
        ),
        verify=_verify_judge,
    ),
)
