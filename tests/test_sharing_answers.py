"""Which answers are kept: refusals in words are not, nor answers with a secret in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.lab.data import FOLDER, read_rows
from semcache.sharing import ANSWER_RULES, may_keep

REFUSED = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, I cannot assist with that request.",
    "Sorry, I am not able to provide legal advice.",
    "I apologize, but I'm unable to answer this question.",
    "As an AI language model, I don't have personal opinions.",
    "As an AI, I cannot access your account.",
    "I don't have access to real-time information, so I can't say what the price is.",
    "I do not have real-time data on the weather.",
    "I can't access your account.",
    "Unfortunately, I don't have enough information to answer that.",
    "I must decline to answer that.",
    "I won't answer that.",
    "I'm just an AI and can't see your orders.",
    "My knowledge cutoff is June 2024.",
    "I don't know the answer to that.",
    "That is against my guidelines.",
    "对不起，我无法回答这个问题。",
    "抱歉，我不能提供这方面的帮助。",
    "很抱歉，我目前没有权限查看您的订单。",
    "作为一个人工智能语言模型，我无法访问实时信息。",
    "作为AI，我没有实时数据。",
    "我无法访问您的账户。",
    "我没有实时联网的能力，无法告诉您今天的金价。",
    "我不知道这个问题的答案。",
    "抱歉，无法回答该问题。",
]  # fmt: skip
KEPT = [
    "I'm sorry to hear that. To reset your password, open Settings.",
    "Sorry, we cannot refund an order after 30 days.",
    "Sorry for the trouble: reload the page, then sign in again.",
    "An AI assistant can summarise a board; open it with Ctrl-J.",
    "You cannot undo a deletion after 30 days.",
    "If you cannot sign in, ask your admin.",
    "I can help with that: open Billing.",
    "Unfortunately, this plan has no single sign-on.",
    "The message \"I can't connect\" means that the server is down.",
    "抱歉，我们不能退款。",
    "抱歉给您带来不便，请刷新页面。",
    "超过三十天无法退款。",
    "如果无法登录，请联系管理员。",
    "我们的人工智能助手可以总结看板。",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_a_refusal_in_words_is_not_kept(text):
    admission = may_keep(text)
    assert admission.rule.name == "refusal" and not admission.exact


@pytest.mark.parametrize("text", KEPT)
def test_an_answer_is_kept(text):
    assert may_keep(text)


def test_an_answer_that_gives_a_secret_away_is_not_kept():
    assert may_keep("The admin password is tr0ub4dor&3.").rule.name == "secret"
    assert may_keep("Your card 4111 1111 1111 1111 is blocked.").rule.name == "account-number"


def test_an_answer_may_name_the_desk():
    assert may_keep("Write to support@tidewater.example or call +1 800 555 0100.")


def test_every_answer_of_the_desk_is_kept():
    answers = [row["answer"] for row in read_rows(FOLDER / "answers.jsonl")]
    assert [text for text in answers if not may_keep(text)] == []


def test_rules_of_answers_can_be_left_out():
    assert may_keep(REFUSED[0], [rule for rule in ANSWER_RULES if rule.name != "refusal"])
    assert may_keep(REFUSED[0], ())


@given(st.text())
def test_any_text_gets_an_answer(text):
    assert may_keep(text).rule in (None, *ANSWER_RULES)
