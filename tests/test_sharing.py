"""Admission: which questions may not be shared, whatever they resemble."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.sharing import DEFAULT_RULES, Admission, Rule, may_share

REFUSED = {
    "personal": [
        "where is my order", "What is my invoice number?", "how many credits do I have left",
        "am I still on the trial", "show me my last bill", "has my salary been paid in",
        "我的快递到哪了", "我还剩几天年假", "我的航班延误了吗",
    ],
    "volatile": [
        "What is the weather like in Dublin today?", "current price of gold", "Is the API down?",
        "who is on call", "How long is the wait right now?", "bitcoin price",
        "今天金价多少", "明天会下雨吗", "现在还有票吗",
    ],
    "follow-up": [
        "and how do I undo that?", "What about the second one?", "Why did he do that?",
        "can you explain the second step again",
        "那怎么撤销呢", "第二个怎么样", "你说的那个按钮在哪里",
    ],
}  # fmt: skip
SHARED = [
    "How do I track an order?", "How do I change my plan?", "Can I cancel my subscription?",
    "What is an invoice?", "Is it safe to eat raw eggs?", "how long does it take to learn to swim",
    "My card payment was declined", "Why is there a fee for my transfer?", "What is a class?",
    "Is there a student discount?", "my dog ate grapes, is it dangerous for him?",
    "怎么查我的快递", "发票怎么开", "怎么取消自动续费", "退款多久到账", "吃他汀的时候能喝酸奶吗",
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in REFUSED.items() for text in texts]
)
def test_a_rule_refuses(rule, text):
    assert may_share(text).rule.name == rule


@pytest.mark.parametrize("text", SHARED)
def test_a_question_for_everybody_is_shared(text):
    assert may_share(text) == Admission(None)


def test_rules_are_values_and_can_be_ones_own():
    salaries = Rule("salaries", "names a salary", lambda text: "salary" in text)
    assert may_share("salary of a judge").rule is None
    assert not may_share("salary of a judge", (*DEFAULT_RULES, salaries))
    assert may_share("where is my order", ())


@given(st.text())
def test_any_text_gets_an_answer(text):
    assert may_share(text).rule in (None, *DEFAULT_RULES)


def test_a_question_at_the_end_of_a_long_text_is_seen():
    assert may_share("Terms and conditions. " * 2_000 + "So where is my order?").rule
