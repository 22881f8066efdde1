"""Secrets and personal data in a question: then neither it nor its answer is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.sharing import may_share
from semcache.sharing.checksums import is_card, is_chinese_id, is_iban

LONG = "a1B2c3D4" * 6  # like a key, and nobody's
REFUSED = {
    "secret": [
        "my password is hunter2, why does it fail", "Password: Tr0ub4dor", "PIN is 4711",
        "login with password = 'c0rrect-horse'", "the code for pin: 0815 is refused",
        "api_key=9f8e7d6c5b4a", "is my api key: abc123def456 still valid", "CVV: 123 is refused",
        "DB_PASSWORD=s3cret! does not work", "Authorization: Bearer " + LONG,
        "curl https://anna:s3cret@api.tidewater.example/v1 fails",
        "gh" + "p_" + LONG, "sk" + "-" + LONG, "sk" + "-proj-" + LONG, "AK" + "IA" + "ABCD1234" * 2,
        "xox" + "b-1234567890-abc", "AI" + "za" + LONG, "gl" + "pat-" + LONG,
        "why is ey" + "JhbGciOiJI.ey" + "JzdWIiOiIx.c2ln refused",
        "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE", "-----BEGIN OPENSSH PRIVATE" + " KEY-----",
        f"what is this: {LONG}",
        "密码是abc12345为什么登不上", "我的密码：qwe123", "验证码是482913，为什么提示错误",
        "支付密码为135790对吗", "密钥=9f8e7d6c5b", "ＰＩＮ：４７１１",
    ],
    "account-number": [
        "why was 4111 1111 1111 1111 declined", "card 5500-0000-0000-0004 is blocked",
        "my amex 3782 822463 10005", "4111111111111111", "银行卡6222021234567890128怎么挂失",
        "is DE89 3704 0044 0532 0130 00 right", "gb82west12345698765432 is my account",
        "my ssn is 123-45-6788", "身份证号11010519491231002X怎么改", "110105 19491231 002x",
        "卡号４１１１１１１１１１１１１１１１",
    ],
    "contact": [
        "please write to anna.b@mail.example", "call me at +44 20 7946 0958",
        "my number is (212) 555-0123", "212-555-0123 gets no texts", "ring 020 7946 0958",
        "我的手机号是13800138000", "手机138 0013 8000收不到短信", "打010-62345678没人接",
        "邮箱zhang.san@mail.example收不到邮件", "加我QQ：12345678", "微信号：zhang_san88",
    ],
}  # fmt: skip
SHARED = [
    "my password is wrong", "what is the password policy", "Is my password encrypted?",
    "the password must be at least 8 characters", "password: how do I reset it",
    "The PIN is 4-digit, can it be longer?", "what is an API key", "my token is expired",
    "How many tokens is a page?", "max_tokens = 4096", "is the api key: required or optional",
    "password=$DB_PASSWORD in compose", "password is sha256-hashed?", "bearer authentication",
    "密码是几位数", "密码为什么总是错误", "忘记密码怎么办", "验证码是什么", "密钥在哪里生成",
    "order 4111 1111 1111 1112 has not come", "the sum of 1234 5678 9012", "1234567890123456",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 fails", "de89370400440532013001",
    "id 550e8400-e29b-41d4-a716-446655440000", "error 0x80070057 at 2024-01-15 10:20:30",
    "身份证号码是几位", "订单202401011234567890怎么查", "110105194912310021 是什么",
    "Is support@tidewater.example read at night?", "git clone git@github.com:a/b fails",
    "@everyone does not notify", "call 800-555-0100 from abroad?", "400-123-4567 是客服电话吗",
    "from 2019-2020 to 2023-2024", "version 10.15.7.1234", "IP 192.168.100.200 is blocked",
    "what does 1+1+1+1+1+1+1+1 make", "圆周率3.14159265358979",
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in REFUSED.items() for text in texts]
)
def test_neither_question_nor_answer_is_stored(rule, text):
    admission = may_share(text)
    assert admission.rule.name == rule
    assert not admission.exact and not admission.by_similarity


@pytest.mark.parametrize("text", SHARED)
def test_what_only_looks_like_one_is_let_through(text):
    rule = may_share(text).rule
    assert rule is None or rule.name not in REFUSED


@pytest.mark.parametrize("text", ["my password is hunter2", "4111111111111111", "a.b@mail.example"])
def test_the_middle_of_a_long_text_is_read(text):
    assert not may_share(f"{'all is well. ' * 5_000}{text} {'all is well. ' * 5_000}").exact


# Checksums --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "digits",
    ["4111111111111111", "5500000000000004", "340000000000009", "6011000000000004",
     "30000000000004", "2223003122003222", "6222021234567890128", "4222222222222"],
)  # fmt: skip
def test_cards(digits):
    assert is_card(digits)
    assert not any(is_card(other) for other in _one_digit_off(digits))


def test_what_is_too_short_or_begins_like_no_card_is_none():
    assert not is_card("0000000000000000") and not is_card("4242") and not is_card("9" * 16)


@pytest.mark.parametrize(
    "iban",
    ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606",
     "NL91ABNA0417164300", "NO9386011117947", "MT84MALT011000012345MTLCAST001S"],
)  # fmt: skip
def test_ibans(iban):
    assert is_iban(iban)
    assert not is_iban(iban[:-1]) and not is_iban(iban + "0") and not is_iban("US" + iban[2:])
    assert not any(is_iban(other) for other in _one_digit_off(iban))


@pytest.mark.parametrize(
    "number", ["11010519491231002X", "11010519491231002x", "440524188001010014"]
)
def test_chinese_id_cards(number):
    assert is_chinese_id(number)
    assert not any(is_chinese_id(other) for other in _one_digit_off(number))


def test_a_day_that_is_none_is_no_date_of_birth():
    assert not is_chinese_id("110105194913310020")


def _one_digit_off(number):
    for at, character in enumerate(number):
        if character.isdigit():
            yield number[:at] + str((int(character) + 1) % 10) + number[at + 1 :]


@given(st.text())
def test_any_text_has_a_checksum_or_none(text):
    assert is_card(text) in (True, False)
    assert is_iban(text) in (True, False)
    assert is_chinese_id(text) in (True, False)
