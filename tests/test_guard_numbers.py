"""Numbers, units and dates: the same amount in other words agrees, another amount does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.guard import compare
from semcache.guard.date_forms import FORMS, NEEDS
from semcache.guard.reading import read
from semcache.guard.spelling import spell_out

SAME_NUMBER = [
    ("close the session after 2 hours", "close the session after 120 minutes"),
    ("limit of 1,000 rows", "limit of 1k rows"),
    ("a video of 1.5 million views", "a video of 1,500,000 views"),
    ("twenty-five users", "25 users"),
    ("two hundred and fifty guests", "250 guests"),
    ("half an hour before take-off", "30 minutes before take-off"),
    ("an hour and a half of parking", "90 minutes of parking"),
    ("a dozen eggs", "12 eggs"),
    ("two and a half days", "60 hours"),
    ("a two-week trial", "a 14 day trial"),
    ("a year of warranty", "12 months of warranty"),
    ("5 km run", "5000 m run"),
    ("1 kg of flour", "1000 g of flour"),
    ("file of 2 GB", "file of 2048 MB"),
    ("oven at 212 °F", "oven at 100 °C"),
    ("15 percent tip", "15% tip"),
    ("costs $50", "costs 50 dollars"),
    ("the 2nd reminder", "the second reminder"),
    ("World War II", "World War 2"),
    ("两个账号", "2个账号"),
    ("三十天内退货", "30天内退货"),
    ("两个小时后", "120分钟后"),
    ("一个半小时", "90分钟"),
    ("半小时", "30分钟"),
    ("一万五千块", "15000元"),
    ("100万贷款", "一百万贷款"),
    ("百分之二十五", "25%"),
    ("打七折", "30% off"),
    ("一共五公斤", "5 kg"),
    ("keep logs for 30 days", "日志保留三十天"),
    ("十二个月", "12 months"),
    ("a 500£ withdrawal", "a five hundred pound withdrawal"),
    ("a second card", "my 2nd card"),
]
OTHER_NUMBER = [
    ("15 % of 80", "25 % of 80"),
    ("refund within 3 days", "refund within 30 days"),
    ("5 minutes", "5 hours"),
    ("Python 3.1", "Python 3.10"),
    ("upgrade to v2", "upgrade to v3"),
    ("version 1.2.3", "version 1.2.4"),
    ("HTTP 404", "HTTP 500"),
    ("two users", "three users"),
    ("$50 voucher", "€50 voucher"),
    ("10 kg", "10 lb"),
    ("the second floor", "the third floor"),
    ("5 GB", "5 MB"),
    ("twenty percent", "thirty percent"),
    ("两个账号", "三个账号"),
    ("满100减20", "满200减20"),
    ("十五天", "五十天"),
    ("第二次", "第三次"),
    ("七折", "八折"),
    ("三岁能吃吗", "five years old"),
    ("500 pounds of flour", "600 pounds of flour"),
    ("a second card", "a third card"),
    ("wait a second", "wait 3 seconds"),
]
SAME_DATE = [
    ("invoice of Feb 3", "invoice of 3 February"),
    ("invoice of February 3rd", "2月3日的发票"),
    ("holiday on 2024-05-01", "holiday on May 1, 2024"),
    ("last month", "the previous month"),
    ("last month's usage", "上个月的用量"),
    ("open at 5 pm", "open at 17:00"),
    ("下午5点半", "17:30"),
    ("results of Q2", "results of the second quarter"),
    ("第二季度", "Q2"),
    ("open on Monday", "星期一开门吗"),
    ("周日", "星期天"),
    ("tomorrow", "明天"),
    ("in autumn", "秋天"),
    ("I may cancel", "can I cancel"),
    ("it will march on", "it marches on"),
    ("spring boot", "spring boot"),
]
OTHER_DATE = [
    ("last month", "this month"),
    ("deadline 2023", "deadline 2024"),
    ("open on Monday", "open on Friday"),
    ("yesterday", "tomorrow"),
    ("Q1 numbers", "Q3 numbers"),
    ("on March 3", "on March 13"),
    ("in June", "in July"),
    ("at 9 am", "at 9 pm"),
    ("in summer", "in winter"),
    ("上个月", "这个月"),
    ("周一", "周五"),
    ("去年", "今年"),
    ("Q1的更新", "Q3的更新"),
    ("3月的账单", "bill of April"),
]


def _signals(a, b):
    return {difference.signal for difference in compare(a, b).differences}


@pytest.mark.parametrize(("a", "b"), SAME_NUMBER + SAME_DATE)
def test_the_same_amount_or_date_in_other_words_agrees(a, b):
    assert not _signals(a, b) & {"number", "date"}


@pytest.mark.parametrize(("a", "b"), OTHER_NUMBER)
def test_another_number_is_seen(a, b):
    assert "number" in _signals(a, b)


@pytest.mark.parametrize(("a", "b"), OTHER_DATE)
def test_another_date_is_seen(a, b):
    assert "date" in _signals(a, b)


def test_a_number_that_one_text_leaves_out_says_nothing():
    assert compare("keep logs for 3 days", "keep logs").differences == ()


@pytest.mark.parametrize(
    "text", ["统一登录", "一直报错", "十分感谢", "星期一", "千万别点", "双十一", "二维码"]
)
def test_a_numeral_inside_a_word_counts_nothing(text):
    assert read(text).numbers == ()


@pytest.mark.parametrize(
    ("typed", "digits"),
    [("seventeen", "17"), ("three thousand two hundred", "3200"), ("两千零五", "2005"),
     ("十", "10"), ("九十九", "99"), ("三万", "30000"), ("one", "~1"), ("二〇二四", "2024"),
     ("four thirty", "4:30")],
)  # fmt: skip
def test_number_words_become_digits(typed, digits):
    assert spell_out(typed).strip() == digits


_PARTS = [
    "last", "previous", "past", "prior", "this", "current", "next", "coming", "upcoming",
    "following", "day", "week", "month", "year", "quarter", "weekend", "semester", "monday",
    "before", "after", "yesterday", "tomorrow", "the", "in", "during", "early", "late", "summer",
    "autumn", "winter", "spring", "fall", "q1", "q4", "1st", "2nd", "#3", "4", "first", "第",
    "一季度", "三季度", "4季度",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PARTS), max_size=6), st.sampled_from([" ", "", "-"]))
def test_a_form_of_dates_is_tried_wherever_it_would_be_found(parts, joint):
    text = joint.join(parts)
    for kind, form, _ in FORMS:
        for found in form.finditer(text):
            assert any(word in found[0] for word in NEEDS.get(kind, ("",))), (kind, found[0])
