"""The guard: what it sees in two texts, what it does to their similarity, and what it costs."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache import EmbeddingCache, SemanticCache, connect
from semcache.guard import Guard, compare
from semcache.guard.reading import LONGEST, read
from semcache.lab.data import FOLDER, read_rows

OPPOSITE = [
    ("How do I enable two-factor?", "How do I disable two-factor?"),
    ("turn the alarm on", "turn the alarm off"),
    ("turn on the alarm", "can you switch the alarm off"),
    ("bake bread with yeast", "bake bread without yeast"),
    ("paths with sugar", "sugar-free paths"),
    ("Which fruit can I eat?", "Which fruit can't I eat?"),
    ("Do exempt employees get overtime?", "Do non-exempt employees get overtime?"),
    ("is the key visible", "is the key invisible"),
    ("pay by the month", "pay by the year"),
    ("before I update", "after I update"),
    ("怎么开启自动续费", "怎么关闭自动续费"),
    ("哪些水果能吃", "哪些水果不能吃"),
    ("高血压怎么办", "低血压怎么办"),
    ("excel怎么隐藏工作表", "excel怎么取消隐藏工作表"),
    ("车把人撞了怎么走保险", "车被人撞了怎么走保险"),
    ("关掉自动续费", "turn on auto-renewal"),
    ("Where can I park?", "Where can't I park?"),
    ("I don't think the rate is right.", "The rate is right."),
    ("I sent the money yesterday", "I received the money yesterday"),
    ("a fixed rate mortgage", "a variable rate mortgage"),
    ("sushi of raw salmon", "sushi of cooked salmon"),
    ("为什么不能退款", "为什么能退款"),
]
NOT_OPPOSITE = [
    ("turn off the sound", "turn the sound off"),
    ("is it disabled", "is it not enabled"),
    ("The exchange rate is wrong.", "The exchange rate is not right."),
    ("My transfer failed.", "My transfer did not go through."),
    ("I don't know how to verify", "how do I verify"),
    ("My account is locked.", "How do I unlock my account?"),
    ("能不能退款", "能退款吗"),
    ("有没有学生价", "有学生价吗"),
    ("别人能看到吗", "其他人能看到吗"),
    ("不能退款吗", "能退款吗"),
    ("Can't I pay by cheque?", "Can I pay by cheque?"),
    ("I don't think the rate is right.", "The rate is not right."),
    ("I don't recognise the charge.", "I didn't make the charge."),
    ("I cannot activate my card.", "How do I activate my card?"),
    ("Why can't I find the code?", "Where do I find the code?"),
    ("I received the wrong amount.", "The correct amount was not received."),
    ("I lost my passcode.", "How do I recover my passcode?"),
    ("My account is blocked.", "How do I get my account unblocked?"),
    ("How old must my kids be?", "I have young kids, may they?"),
    ("I am in the app", "in the evening I see the app"),
    ("What goes instead of butter?", "There is no butter, what goes?"),
    ("car hire under 25", "may one who is not yet 25 hire a car"),
    ("pay with out a fee", "pay without a fee"),
    ("I didn't make it myself. Is my card safe?", "I make it myself. Is my card safe?"),
]
REVERSED = [
    ("change USD to EUR", "change EUR to USD"),
    ("How to migrate from Jira to Trello", "How to migrate from Trello to Jira"),
    ("Is gold heavier than lead?", "Is lead heavier than gold?"),
    ("Can my landlord sue me?", "Can I sue my landlord?"),
    ("Add a subtask to a task", "Add a task to a subtask"),
    ("from my savings account to checking account", "from my checking account to savings account"),
    ("人民币怎么换成美元", "美元怎么换成人民币"),
    ("北京到上海的高铁", "上海到北京的高铁"),
    ("房东可以起诉租客吗", "租客可以起诉房东吗"),
    ("我能看到别人的朋友圈吗", "别人能看到我的朋友圈吗"),
    ("switch from annual to monthly billing", "switch from monthly to annual billing"),
]
NOT_REVERSED = [
    ("move from Slack to Teams", "move to Teams from Slack"),
    ("In Excel, how do I add a column?", "How do I add a column in Excel?"),
    ("difference between tea and coffee", "difference between coffee and tea"),
    ("no is the answer", "the answer is no"),
    ("who painted the wall", "the wall was painted by whom"),
    ("红茶和绿茶有什么区别", "绿茶和红茶有什么区别"),
    ("怎么在手机上改密码", "在手机上怎么改密码"),
]
OTHER_NAME = [
    ("weather in Paris", "weather in London"),
    ("array length in js", "array length in python"),
    ("what is error E05", "what is error E17"),
    ("emails of Anna Kowalska", "emails of Tom Brandt"),
    ("招行信用卡怎么激活", "交行信用卡怎么激活"),
    ("花呗怎么还款", "借呗怎么还款"),
    ("How much is the Pro plan?", "How much is the Team plan?"),
    ("Is our data stored in the EU?", "Is our data stored in the US?"),
]
SAME_NAME = [
    ("js array length", "array length in JavaScript"),
    ("weather in Paris", "weather today"),
    ("install it on a Mac", "install it on macOS"),
    ("巴黎天气", "weather in Paris"),
    ("PAY MY BILL NOW PLEASE", "SEND MY BILL NOW PLEASE"),
]


def signals(a, b):
    return {difference.signal for difference in compare(a, b).differences}


@pytest.mark.parametrize(
    ("signal", "a", "b"),
    [("opposite", *pair) for pair in OPPOSITE]
    + [("order", *pair) for pair in REVERSED]
    + [("name", *pair) for pair in OTHER_NAME],
)
def test_a_difference_is_seen(signal, a, b):
    assert signal in signals(a, b)


@pytest.mark.parametrize(
    ("signal", "a", "b"),
    [("opposite", *pair) for pair in NOT_OPPOSITE]
    + [("order", *pair) for pair in NOT_REVERSED]
    + [("name", *pair) for pair in SAME_NAME],
)
def test_another_wording_is_no_difference(signal, a, b):
    assert signal not in signals(a, b)


def test_a_difference_counts_as_far_as_the_sentences_are_alike():
    guard = Guard()
    one = guard.score("a plan for 3 users", "a plan for 5 users", 0.95)
    wordy = guard.score("a plan for 3 users", "we are 5 in the shop and need a cheap one", 0.95)
    assert one == pytest.approx(0.75) and wordy == 0.95


def test_names_of_one_kind_stand_in_the_same_place_however_long_they_are():
    pro, team = "How much is the Pro plan?", "How much is the Team plan?"
    assert Guard().score(pro, team, 0.95) < 0.9


def test_the_reasons_say_what_differs_and_the_largest_is_what_lowers():
    reasons = Guard().explain("3 days in Paris", "5 days in Rome", 0.9)
    assert [reason.words for reason in reasons] == [
        "another number: 3 days / 5 days",
        "another name: paris / rome",
    ]
    assert Guard().score("3 days in Paris", "5 days in Rome", 0.9) == 0.9 - reasons[0].lowered


def test_what_is_too_long_to_be_read_is_refused_unless_it_is_the_same():
    long = "word " * LONGEST
    for other in (long + "!", "word"):
        assert Guard().score(long, other, 0.99) == -1
        assert Guard().explain(long, other, 0.99)[0].words == "too long to be read"
    assert Guard().score(long, long, 0.99) == 0.99
    assert Guard().score("ﷺ" * (LONGEST - 1), "x", 0.99) == -1, "one character is eighteen letters"


def test_a_guard_is_a_verifier_like_any_other(fakeredis_):
    lab = connect(quiet=True)
    embeddings = EmbeddingCache(fakeredis_(), lab.openai, model=lab.embedding_model)
    cache = SemanticCache(fakeredis_(), embeddings, threshold=0.8, verifier=Guard())
    cache.add_cache("How do I enable two-factor?", "Under Security.")
    assert cache.lookup("turn on two-factor").response == "Under Security."
    assert cache.lookup("How do I disable two-factor?") is None
    assert cache.last_lookup.similarity > 0.8, "it was near enough, and refused"


TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            "how",
            "do",
            "I",
            "not",
            "enable",
            "disable",
            "3",
            "5%",
            "Paris",
            "London",
            "to",
            "from",
            "before",
            "after",
            "把",
            "美元",
            "换成",
            "欧元",
            "不",
            "能",
            "without",
            "on",
            "off",
            "E17",
            "二",
            "三天",
            ",",
            "?",
            "it's",
            "can't",
            "next",
            "monday",
            "2024-05-01",
            "unhappy",
            "happy",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(TEXTS, TEXTS)
def test_any_two_texts_are_compared_alike_in_both_directions(a, b):
    one, two = compare(a, b), compare(b, a)
    assert one.weight == two.weight and 0 <= one.weight <= 1
    assert [(d.signal, d.asked, d.cached) for d in one.differences] == list(two.differences)


@given(TEXTS)
def test_a_text_differs_in_nothing_from_itself(text):
    assert compare(text, text).differences == ()


@given(TEXTS, TEXTS, st.floats(-1, 1))
def test_the_score_is_at_most_the_similarity_and_rises_with_it(a, b, similarity):
    guard = Guard()
    score = guard.score(a, b, similarity)
    assert -1 <= score <= similarity
    assert guard.score(a, b, min(1.0, similarity + 0.1)) >= score


def _work(one, two):
    """Return how many calls of Python and C it takes to compare two texts for the first time."""
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1

    read.cache_clear()
    sys.setprofile(count)
    try:
        assert compare(one, two) is not None
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    ("one", "two"),
    [("Na{}x ", "No{}x "), ("not {} ", "{} "), ("turn the {} off ", "turn {} on "),
     ("{}, ", "and {} "), ("next monday {} ", "last friday {} ")],
)  # fmt: skip
def test_twice_the_text_is_no_more_than_twice_the_work(one, two):
    def text(form, size):
        letters = [chr(97 + i % 26) + chr(97 + i // 26) for i in range(size)]
        return "".join(form.format(letter) for letter in letters)

    compare("warm", "up")
    small, large = (_work(text(one, n), text(two, n)) for n in (20, 40))
    assert large < 2.2 * small


def test_on_held_out_pairs_it_refuses_traps_and_keeps_paraphrases():
    rows = [row for row in read_rows(FOLDER / "pairs.jsonl") if row["split"] == "held-out"]
    kinds = ("number", "date", "negation", "direction", "entity")
    minimal = [r for r in rows if r["wording"] == "minimal" and (r["same"] or r["kind"] in kinds)]
    lowered = [bool(Guard().explain(r["a"], r["b"], 0.9)) for r in minimal]
    of_same = [low for row, low in zip(minimal, lowered, strict=True) if row["same"]]
    of_traps = [low for row, low in zip(minimal, lowered, strict=True) if not row["same"]]
    assert sum(of_same) / len(of_same) < 0.05
    assert sum(of_traps) / len(of_traps) > 0.75
