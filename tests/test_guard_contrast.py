"""Small opposites, scope, roles, courtesy and slips: what needs no list of content words."""

import pytest

from semcache.guard import features
from semcache.guard.courtesy import without_courtesy
from semcache.guard.slips import is_typo, mend, sound_alike

AGAINST = [
    ("Can I take ibuprofen with food?", "Can I take ibuprofen without food?"),
    ("is the pool open before noon", "is the pool open after noon"),
    ("What foods can you take on board?", "What foods can't you take on board?"),
    ("Who painted the Night Watch?", "Where is the Night Watch?"),
    ("痛风能吃什么", "得了痛风不能吃哪些东西"),
    ("which goods may I import", "which goods may not be imported"),
    ("高血压要吃什么药", "低血压要吃什么药"),
    ("喜阴的植物有哪些", "怕阴的植物有哪些"),
]
NOT_AGAINST = [
    ("feature is not enabled", "feature is disabled"),
    ("Can't I pay by card?", "Can I pay by card?"),
    ("not without a key", "with a key"),
    ("微信聊天记录误删了", "微信聊天记录不小心删了"),
    ("天气高温怎么办", "水位低怎么看"),
]
EXCHANGED = [
    ("Can my landlord sue me?", "Can I sue my landlord?"),
    ("房东可以起诉我吗", "我可以起诉房东吗"),
    ("Can the tenant pass the contract on to the landlord?",
     "Can the landlord pass the contract on to the tenant?"),
    ("I'm the buyer, can I call off the purchase?", "As a seller, can I call off the purchase?"),
]  # fmt: skip
NOT_EXCHANGED = [
    ("Can I bring my dog into the cabin?", "I want to know whether I can bring my dog aboard"),
    ("is tea or coffee stronger", "is coffee or tea stronger"),
    ("the landlord was sued by me", "I can sue the landlord"),
    ("How do I get a toddler to sleep?", "how to get to sleep a toddler"),
]
COURTESY = [
    ("Dear team, thanks for all your help! How do I undo a merge?", "How do I undo a merge?"),
    ("Third time I ask!! how do I undo a merge", "how do I undo a merge"),
    ("您好，打扰一下，怎么撤销合并", "怎么撤销合并"),
    ("thank you so much", "thank you so much"),
    ("Hi, reset?", "Hi, reset?"),
    ("Hope street: where is it?", "Hope street: where is it?"),
]


@pytest.mark.parametrize(("a", "b"), AGAINST)
def test_a_small_word_against_its_opposite_is_seen(a, b):
    assert features(a, b).contrast > 0.4


@pytest.mark.parametrize(("a", "b"), NOT_AGAINST)
def test_a_small_word_that_turns_nothing_round_is_not(a, b):
    assert features(a, b).contrast == 0


@pytest.mark.parametrize(("a", "b"), EXCHANGED)
def test_who_and_whom_exchanged_is_a_reversal(a, b):
    assert features(a, b).reversed == 1


@pytest.mark.parametrize(("a", "b"), NOT_EXCHANGED)
def test_the_same_roles_in_another_order_are_none(a, b):
    assert features(a, b).reversed == 0


@pytest.mark.parametrize(
    ("a", "b", "least"),
    [("Which rivers cross Spain?", "Which is the longest river of Spain?", 1),
     ("中国有哪些湖", "中国最大的湖是哪个", 1), ("sign out", "sign out on all devices", 0.1)],
)  # fmt: skip
def test_the_extreme_and_the_whole_narrow_or_widen_a_question(a, b, least):
    assert features(a, b).scope >= least
    assert features(a, a).scope == features(b, b).scope == 0


def test_all_of_the_other_text_and_a_condition_is_narrower():
    general, narrow = "How do I deploy the app?", "deploy the app if the schema changes"
    assert features(general, narrow).narrowed == 1
    assert features("if the schema changes, migrate", narrow).narrowed == 0


def test_similarity_counts_where_the_wording_differs_and_only_within_bounds():
    far = ("How do I raise a salary?", "getting more pay from an employer")
    assert features(*far, 0.95).similarity > features(*far, 0.9).similarity == 0
    assert features(*far, 0.2).similarity == features(*far, 0.7).similarity < 0
    assert features("sort a list", "sort a list", 0.99).similarity == 0


@pytest.mark.parametrize(("text", "rest"), COURTESY)
def test_courtesy_is_taken_out_and_the_question_is_left(text, rest):
    assert without_courtesy(text) == rest


@pytest.mark.parametrize(
    ("text", "model", "mended"),
    [("怎么查政信报告", "怎么查征信报告", "怎么查征信报告"),
     ("如何邦定微信", "如何绑定微信", "如何绑定微信"),
     ("怎么卖房", "怎么买房", "怎么卖房"),
     ("红烧冬瓜怎么做", "红烧茄子怎么做", "红烧冬瓜怎么做"),
     ("how to pin", "how to pen", "how to pin")],
)  # fmt: skip
def test_a_slip_of_sound_is_mended_and_another_word_is_not(text, model, mended):
    assert mend(text, model) == mended


def test_characters_of_one_syllable_sound_alike():
    pairs = [("费", "废"), ("请", "情"), ("道", "到"), ("绑", "邦")]
    assert all(sound_alike(a, b) for a, b in pairs)
    assert not any(sound_alike(a, b) for a, b in [("猫", "狗"), ("茄", "冬"), ("a", "b")])


@pytest.mark.parametrize(
    ("a", "b", "slip"),
    [("road", "raod", True), ("sauce", "sause", True), ("later", "latr", True),
     ("form", "from", False), ("paint", "print", False), ("boat", "coat", False),
     ("", "a", False)],
)  # fmt: skip
def test_letters_in_the_wrong_order_or_of_one_sound_are_slips(a, b, slip):
    assert is_typo(a, b) == is_typo(b, a) == slip


@pytest.mark.parametrize(
    ("a", "b"),
    [("foods that are toxic to cats", "foods that are harmless to cats"),
     ("How do I soften wax?", "How do I harden wax?"), ("太阳能的优点", "太阳能的缺点")],
)  # fmt: skip
def test_everyday_opposites_are_found_by_word_whatever_their_concept(a, b):
    row = features(a, b)
    assert row.antonyms == 1 and row.turned > 0.8
    assert features(a, a).antonyms == 0


def test_a_title_is_a_name():
    assert features("《红楼梦》谁写的", "《西游记》谁写的").name_changed == 1
    assert features("《红楼梦》谁写的", "红楼梦是谁写的").name_changed == 0


def test_a_scrambled_small_word_still_denies():
    assert features("merge cells wihtout loss", "merge cells without loss").contrast == 0
    assert features("eat wihtout salt", "eat with salt").contrast > 0.5


def test_a_timetable_is_not_volatile_and_what_holds_now_is():
    assert features("Is the store open on Sunday?", "Are you open on Sundays?").volatile == 0
    assert features("is the store open now", "are they open right now").volatile == 1


@pytest.mark.parametrize(
    ("a", "b", "inserted"),
    [("What is the speed limit in France?", "What is the speed limit in France in rain?", 1),
     ("离婚需要什么材料", "跟外国人离婚需要什么材料", 1),
     ("speed limit in France", "I have a caravan, what is the speed limit in France", 0),
     ("What is the speed limit in France?", "What is the speed limit in Spain?", 0),
     ("sign out", "sign out", 0)],
)  # fmt: skip
def test_a_few_words_put_in_make_the_question_another(a, b, inserted):
    assert features(a, b).inserted == features(b, a).inserted == inserted
