"""Personal data is replaced in what is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.sharing.account_numbers import holds_account_number
from semcache.sharing.contact import holds_contact
from semcache.sharing.masking import masked
from semcache.sharing.secrets import holds_secret

THINGS = {
    "anna.b@mail.example": "[contact]",
    "+1 415 555 0100": "[contact]",
    "4111 1111 1111 1111": "[number]",
    "DE89 3704 0044 0532 0130 00": "[number]",
    "11010519491231002X": "[number]",
    "123-45-6789": "[number]",
    "sk-proj-abcdefghijklmnop1234": "[secret]",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----": "[secret]",
}
WORDS = st.sampled_from(["is", "blocked", "why", "how do I", "the", "refund"])


@pytest.mark.parametrize(("thing", "name"), THINGS.items())
def test_each_kind_is_replaced_and_the_rest_stays(thing, name):
    assert masked(f"why is {thing} refused") == f"why is {name} refused"


@given(st.lists(st.one_of(WORDS, st.sampled_from(list(THINGS))), min_size=1, max_size=8))
def test_what_is_masked_holds_nothing_that_the_rules_find(parts):
    found = masked(" , ".join(parts))
    assert not (holds_contact(found) or holds_account_number(found) or holds_secret(found))
    assert masked(found) == found


@given(st.text(max_size=60))
def test_any_text_is_masked_until_the_rules_find_nothing_more(text):
    found = masked(text)
    if not (holds_contact(text) or holds_account_number(text) or holds_secret(text)):
        assert found == text


def test_only_the_value_of_a_password_goes():
    assert masked("my password is hunter2, why") == "my password is [secret], why"
    assert masked("我的手机是13800138000") == "我的手机是[contact]"
    assert "pw1234" not in masked("https://u:pw1234@host.example/x is down")
