"""Admission: which questions may not be shared, whatever they resemble."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigError
from semcache.sharing import DEFAULT_RULES, VOLATILE, Admission, Rule, may_share
from semcache.sharing.masking import masked
from semcache.sharing.rule import normal

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


# What is still allowed --------------------------------------------------------------------------


def rule(name, leaves="nothing", ttl=None):
    return Rule(name, f"names {name}", lambda text: name in text, leaves, ttl)


def test_a_question_that_no_rule_refuses_may_be_shared_in_every_way():
    admission = may_share("How do I track an order?")
    assert admission and admission.by_similarity and admission.exact and admission.ttl is None


def test_what_is_the_askers_own_is_not_stored_at_all():
    admission = may_share("where is my order")
    assert not admission and not admission.by_similarity and not admission.exact


def test_what_changes_soon_may_be_given_to_who_types_the_same_for_a_minute():
    admission = may_share("current price of gold")
    assert (admission.by_similarity, admission.exact, admission.ttl) == (False, True, 60)


def test_what_needs_the_conversation_may_be_given_to_who_types_the_same_in_it():
    admission = may_share("and how do I undo that?")
    assert (admission.by_similarity, admission.exact, admission.ttl) == (False, True, None)


def test_the_strictest_rule_decides_wherever_it_stands():
    rules = [
        rule("a", "exact"),
        rule("b", "exact", 60),
        rule("c", "exact", 5),
        rule("d"),
        rule("e"),
    ]
    decided = {
        text: may_share(text, rules).rule.name for text in ("ab", "abc", "cb", "abcde", "ed")
    }
    assert decided == {"ab": "b", "abc": "c", "cb": "c", "abcde": "d", "ed": "d"}
    assert may_share("abc", rules).ttl == 5
    assert may_share("abcde", rules[::-1]).rule.name == "e", "the first of two that are as strict"


def test_a_rule_of_two_reasons_at_once():
    assert may_share("What is the current price of my plan and where is my order?").rule.name == (
        "personal"
    )


def test_volatile_can_be_stricter_laxer_or_off():
    question, others = "current price of gold", [r for r in DEFAULT_RULES if r is not VOLATILE]
    assert not may_share(question, [*others, replace(VOLATILE, leaves="nothing", ttl=None)]).exact
    assert may_share(question, [*others, replace(VOLATILE, ttl=5)]).ttl == 5
    assert may_share(question, others)


@pytest.mark.parametrize(
    ("leaves", "ttl", "message"),
    [
        ("everything", None, "leaves is 'everything'"),
        ("nothing", 60, "can have no ttl"),
        ("exact", 0, "ttl is 0"),
        ("exact", float("nan"), "ttl is nan"),
        ("exact", float("inf"), "ttl is inf"),
    ],
)
def test_a_rule_that_says_nothing_sensible_is_refused(leaves, ttl, message):
    with pytest.raises(ConfigError, match=message):
        rule("a", leaves, ttl)


def test_the_names_of_rules_are_unique_since_they_are_counted_by():
    assert len({each.name for each in DEFAULT_RULES}) == len(DEFAULT_RULES)


@given(st.text())
def test_any_text_gets_an_answer(text):
    assert may_share(text).rule in (None, *DEFAULT_RULES)


def test_a_question_at_the_end_of_a_long_text_is_seen():
    assert may_share("Terms and conditions. " * 2_000 + "So where is my order?").rule


def test_no_character_is_read_as_more_than_four():
    """A text of ﷺ alone would be read as one eighteen times as long."""
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert not [one for one in every if len(normal(one)) > 4]
    assert len(normal("ﷺ" * 1_000)) == 1_000


def test_what_stands_beside_such_a_character_is_read():
    for text in ("ﷺmy password is hunter2", "my ﷺ ｐａｓｓｗｏｒｄ is hunter2ﷺ"):
        assert may_share(text).rule.name == "secret"
    assert masked("ﷺ: is ａnna.b@mail.example me") == "ﷺ: is [contact] me"
