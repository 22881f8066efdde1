"""Names, content, question types, and the questions that are nobody else's."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from semcache import guard
from semcache.guard import features
from semcache.guard.context import follow_up, personal, volatile
from semcache.guard.english import stem
from semcache.guard.reading import read
from semcache.guard.slips import is_typo

OTHER_NAME = [
    ("weather in Paris", "weather in London"),
    ("visa for japan", "visa for korea"),
    ("what does plan A cost", "what does plan B cost"),
    ("error E-1023", "error E-1024"),
    ("install on Android", "install on iOS"),
    ("sort a list in Python", "sort a list in Java"),
    ("is Java slow", "is JavaScript slow"),
    ("export as CSV", "export as PDF"),
    ("call Mr Novak", "call Mr Dvorak"),
    ("vitamin C dose", "vitamin D dose"),
    ("北京限行吗", "上海限行吗"),
    ("怎么用Excel画图", "怎么用PPT画图"),
    ("方案A多少钱", "方案B多少钱"),
    ("东京天气", "weather in Osaka"),
    ("支付宝怎么绑卡", "微信支付怎么绑卡"),
    ("What does the liver do?", "what is the job of the pancreas"),
    ("how does one play the viola", "How do I play the violin?"),
    ("象棋规则", "围棋的规则是什么"),
]
SAME_NAME = [
    ("js array length", "JavaScript array length"),
    ("k8s upgrade", "Kubernetes upgrade"),
    ("tax in the US", "美国怎么报税"),
    ("enable 2FA", "turn on two-factor authentication"),
    ("postgres backup", "PostgreSQL backup"),
    ("E-1023", "error E1023"),
    ("is a VPN safe", "is a virtual private network safe"),
    ("Reset my password", "reset my password"),
    ("HOW DO I CANCEL MY SUBSCRIPTION", "how do i cancel my subscription"),
    ("东京天气", "weather in Tokyo"),
    ("phone with us", "call us"),
]
OTHER_QUESTION = [
    ("Why was the order split?", "When was the order split?"),
    ("How much does the course cost?", "When does the course start?"),
    ("Who approves leave?", "When is leave approved?"),
    ("这本书多少钱", "这本书谁写的"),
    ("为什么天是蓝的", "什么时候天是蓝的"),
]
PERSONAL = ["where is my order", "what is my balance", "How many sick days do I have left?",
            "我的快递到哪了", "我还剩几天年假", "who is my account manager"]  # fmt: skip
GENERIC = ["how do I track an order", "what is a balance sheet", "how do I reset my password",
           "怎么查快递", "年假有几天", "can I change my plan"]  # fmt: skip
VOLATILE = [
    "is the site down right now",
    "who is on call now",
    "今天天气怎么样",
    "bitcoin price today",
]
STABLE = ["what is a class", "how do I sort a list", "什么是继承", "how do I print"]
FOLLOW_UP = ["and how do I undo that?", "what about the second one", "how old is he",
             "那怎么撤销", "然后呢", "第二个呢", "make it shorter"]  # fmt: skip
COMPLETE = ["How do I undo a merge?", "Is it safe to eat raw eggs?", "怎么撤销合并",
            "My washing machine leaks, how do I fix it?", "它山之石是什么意思"[2:]]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), OTHER_NAME)
def test_another_name_of_the_kind_is_an_exchange(a, b):
    assert features(a, b).name_changed == 1


@pytest.mark.parametrize(("a", "b"), SAME_NAME)
def test_an_alias_is_the_same_name(a, b):
    row = features(a, b)
    assert row.name_changed == row.name_added == 0


@pytest.mark.parametrize(("a", "b"), OTHER_QUESTION)
def test_question_types_that_want_different_answers(a, b):
    assert features(a, b).contrast > 0.2


def test_a_fault_its_reason_and_its_remedy_are_one_question():
    assert features("Why does printing fail?", "How do I fix failing prints?").contrast == 0


@pytest.mark.parametrize("text", PERSONAL)
def test_the_asker_alone_can_be_given_this_answer(text):
    assert personal(read(text)) == 1


@pytest.mark.parametrize("text", GENERIC)
def test_a_generic_question_is_not_personal(text):
    assert personal(read(text)) == 0


@pytest.mark.parametrize("text", VOLATILE)
def test_the_answer_is_old_tomorrow(text):
    assert volatile(read(text)) >= 0.5


@pytest.mark.parametrize("text", STABLE)
def test_the_answer_keeps(text):
    assert volatile(read(text)) == 0


@pytest.mark.parametrize("text", FOLLOW_UP)
def test_the_text_needs_its_conversation(text):
    assert follow_up(read(text)) >= 0.5


@pytest.mark.parametrize("text", COMPLETE)
def test_the_text_stands_alone(text):
    assert follow_up(read(text)) == 0


def test_one_word_exchanged_in_one_frame_is_seen_and_its_synonym_is_not():
    assert features("How do I treat a bee sting?", "How do I treat a jelly sting?").swapped > 0.5
    assert features("How do I modify an address?", "How do I edit an address?").swapped == 0
    assert features("红烧茄子怎么做", "红烧冬瓜怎么做").swapped > 0.3


def test_an_added_condition_counts_where_the_rest_is_the_same():
    row = features("Can I return shoes?", "Can I return shoes without a box?")
    assert row.added > 0 and row.condition == 1


@pytest.mark.parametrize(
    "forms",
    ["cancel cancels cancelled canceled cancelling cancellation", "policy policies",
     "pay pays paid paying payment", "price prices priced pricing", "code codes coded coding",
     "buy bought buying", "refund refunds refunded refunding", "delete deleting deletion"],
)  # fmt: skip
def test_the_forms_of_one_word_share_a_stem(forms):
    assert len({stem(word) for word in forms.split()}) == 1


@pytest.mark.parametrize(
    ("a", "b"), [("plan", "plane"), ("site", "sit"), ("code", "cod"), ("import", "export")]
)
def test_different_words_keep_different_stems(a, b):
    assert stem(a) != stem(b)


@pytest.mark.parametrize(
    ("a", "b", "slip"),
    [("password", "pasword", True), ("python", "pyhton", True), ("invoice", "invocie", True),
     ("cat", "cut", False), ("form", "from", False), ("enable", "unable", False)],
)  # fmt: skip
def test_one_slip_of_the_fingers(a, b, slip):
    assert is_typo(a, b) == slip


def test_no_term_stands_in_two_concepts_and_every_opposite_is_a_concept():
    lists = tomllib.loads(
        (Path(guard.__file__).parent / "concepts.toml").read_text(encoding="utf-8")
    )
    terms = Counter(term.strip() for line in lists["concepts"].values() for term in line.split(","))
    assert [term for term, count in terms.items() if count > 1] == []
    groups = (lists["opposites"]["pairs"] + lists["near"]["pairs"]).replace(",", " ").split()
    assert set(groups) <= set(lists["concepts"])
