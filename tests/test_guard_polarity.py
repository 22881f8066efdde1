"""Negation, opposites, direction: what turns a question round, and what only looks like it."""

import pytest

from semcache.guard import features

TURNED = [
    ("raise the temperature", "bring the temperature down"),
    ("How do I enable dark previews?", "How do I disable dark previews?"),
    ("turn on notifications", "turn off notifications"),
    ("switch the alarm on", "switch the alarm off"),
    ("allow popups", "block popups"),
    ("accept an invitation", "reject an invitation"),
    ("add a member", "remove a member"),
    ("install the agent", "uninstall the agent"),
    ("subscribe to the digest", "unsubscribe from the digest"),
    ("upload a file", "download a file"),
    ("import contacts", "export contacts"),
    ("upgrade my seat", "downgrade my seat"),
    ("the maximum size", "the minimum size"),
    ("the cheapest option", "the most expensive option"),
    ("lock the door", "unlock the door"),
    ("is it legal to film", "is it illegal to film"),
    ("show the rows", "hide the rows"),
    ("pay monthly", "pay yearly"),
    ("a verified sender", "an unverified sender"),
    ("which cheeses can I eat when pregnant", "which cheeses can I not eat when pregnant"),
    ("tea with sugar", "tea without sugar"),
    ("works with a licence", "works without a licence"),
    ("all files except drafts", "all files and drafts"),
    ("怎么开启自动续费", "怎么关闭自动续费"),
    ("打开声音", "关掉声音"),
    ("允许弹窗", "禁止弹窗"),
    ("订阅周报", "退订周报"),
    ("增加预算", "减少预算"),
    ("升级系统", "系统怎么降级"),
    ("怎么上传照片", "怎么下载照片"),
    ("哪些药能一起吃", "哪些药不能一起吃"),
    ("给PDF加密码", "给PDF去掉密码"),
    ("turn on location", "怎么关闭location"),
]
NOT_TURNED = [
    ("turn off the camera", "disable the camera"),
    ("deactivate the camera", "关掉camera"),
    ("关闭通知", "停用通知"),
    ("turn notifications off", "switch off notifications"),
    ("feature is not enabled", "feature is disabled"),
    ("how to avoid fees", "how not to pay fees"),
    ("can't log in", "unable to log in"),
    ("login fails", "I cannot log in"),
    ("登录不了", "无法登录"),
    ("打印机没反应", "printer is not working"),
    ("能不能退货", "可以退货吗"),
    ("有没有折扣", "是否有折扣"),
    ("Can't I pay by card?", "Can I pay by card?"),
    ("not without a key", "with a key"),
    ("I don't know how to merge branches", "merge branches"),
    ("不知道怎么合并分支", "怎么合并分支"),
    ("gluten-free bread", "bread without gluten"),
    ("delete an account", "remove an account"),
    ("lower the volume", "reduce the volume"),
    ("stop the sauce from sticking", "prevent the sauce sticking"),
    ("取消订阅", "退订"),
    ("increase the quota", "raise the quota"),
    ("非常喜欢红色", "喜欢红色"),
]
REVERSED = [
    ("convert USD to EUR", "convert EUR to USD"),
    ("move from Slack to Teams", "move from Teams to Slack"),
    ("migrate to Postgres from MySQL", "migrate from Postgres to MySQL"),
    ("flights from Oslo to Rome", "flights to Oslo from Rome"),
    ("eat before swimming", "swim before eating"),
    ("stretch after running", "run after stretching"),
    ("refund a charge", "charge a refund"),
    ("does Anna owe Ben", "does Ben owe Anna"),
    ("is tea stronger than coffee", "is coffee stronger than tea"),
    ("use tabs instead of spaces", "use spaces instead of tabs"),
    ("pay a loan with a card", "pay a card with a loan"),
    ("从上海到北京", "从北京到上海"),
    ("把CSV转成JSON", "把JSON转成CSV"),
    ("先洗头再吃饭", "先吃饭再洗头"),
    ("吃饭之前喝茶", "喝茶之前吃饭"),
    ("狗咬猫", "猫咬狗"),
    ("转账给我的同事", "同事怎么转账给我"),
]
NOT_REVERSED = [
    ("move from Slack to Teams", "switch to Teams from Slack"),
    ("flights from Oslo to Rome", "flights to Rome from Oslo"),
    ("If I cancel, do I get a refund?", "Do I get a refund if I cancel?"),
    ("reset password", "password reset"),
    ("sort a python list", "python list sort"),
    ("difference between tea and coffee", "difference between coffee and tea"),
    ("eat before swimming", "swim after eating"),
    ("status of an order", "order status"),
    ("从上海到北京", "到北京从上海走"),
    ("brush teeth, then eat", "brush teeth then eat"),
    ("the bill was paid by the tenant", "the tenant paid the bill"),
]


def _turned(a, b):
    row = features(a, b)
    return bool(row.turned or row.antonyms or row.contrast)


@pytest.mark.parametrize(("a", "b"), TURNED)
def test_opposites_and_denials_turn_a_question_round(a, b):
    assert _turned(a, b)


@pytest.mark.parametrize(("a", "b"), NOT_TURNED)
def test_synonyms_and_cancelled_denials_do_not(a, b):
    assert not _turned(a, b)


@pytest.mark.parametrize(("a", "b"), REVERSED)
def test_the_same_things_in_opposite_parts_are_reversed(a, b):
    assert features(a, b).reversed == 1


@pytest.mark.parametrize(("a", "b"), NOT_REVERSED)
def test_free_word_order_is_no_reversal(a, b):
    assert features(a, b).reversed == 0
