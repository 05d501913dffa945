"""When two texts are the same, and when they are near."""

from __future__ import annotations

import random
import unicodedata

import pytest

from tests.unit.evaluation.sentences import sentences, with_words
from xfer.evaluation.likeness import THRESHOLD, Near, jaccard, letters, normal, shingles

SAME = {
    "case": ("The Cat sat.", "the cat SAT."),
    "punctuation": ('Well, he said: "Go!"', "well he said go"),
    "typographic marks": ("l’émission « se » focalise", 'L\'émission "se" focalise'),
    "white space": ("  the\tcat \u00a0 sat\n", "the cat sat"),
    "decomposed letters": (unicodedata.normalize("NFD", "Ünïcödé"), unicodedata.normalize("NFC", "Ünïcödé")),
    "sharp s": ("STRASSE", "straße"),
    "full width": ("ＡＢＣ　１２３", "abc 123"),
    "ligature": ("ﬁnal", "final"),
    "soft hyphen and joiner": ("co\u00adoperate می\u200cروم", "cooperate میروم"),
    "Chinese that was split into words": ("他 的 子女 是 卡洛琳 。", "他的子女是卡洛琳。"),
    "Chinese with other commas": ("耶稣，约拿", "耶稣；约拿"),
    "Thai that was split into words": ("ฉัน รัก แมว", "ฉันรักแมว"),
}
DIFFERENT = {
    "an accent": ("resumé", "resume"),
    "a vowel sign": ("किताब", "कताब"),
    "an Arabic letter": ("كتاب", "كتب"),
    "a number": ("5 dogs", "6 dogs"),
    "the order": ("a dog bites a man", "a man bites a dog"),
    "words that were split": ("inside", "in side"),
}


@pytest.mark.parametrize("name", SAME)
def test_texts_that_are_the_same(name: str) -> None:
    first, second = SAME[name]
    assert normal(first) == normal(second) != ""


@pytest.mark.parametrize("name", DIFFERENT)
def test_texts_that_are_not(name: str) -> None:
    first, second = DIFFERENT[name]
    assert normal(first) != normal(second)


def test_marks_stay_with_their_letters() -> None:
    assert normal("हिन्दी, भाषा") == "हिन्दी भाषा"
    assert normal("مُحَمَّد") == unicodedata.normalize("NFKC", "مُحَمَّد")


def test_what_is_no_letter_is_nothing() -> None:
    assert normal("...!? — *** '' \u200b") == normal("") == ""
    assert letters("") == 0


def test_letters_of_scripts_without_spaces_count_twice() -> None:
    assert letters(normal("Yes, Sir.")) == 6
    assert letters(normal("美洲 2")) == 5


def test_shingles_are_runs_of_three_words_or_characters() -> None:
    assert shingles(normal("The dog, the dog, the dog!")) == {"the dog the", "dog the dog"}
    assert shingles(normal("我爱猫吗")) == {"我 爱 猫", "爱 猫 吗"}
    assert shingles(normal("two words")) == frozenset()


def test_similarity_is_the_intersection_by_the_union() -> None:
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 2 / 4
    assert jaccard(frozenset("abc"), frozenset("abc")) == 1
    assert jaccard(frozenset(), frozenset()) == jaccard(frozenset("a"), frozenset()) == 0


def test_what_is_found_near_is_what_comparing_every_pair_finds() -> None:
    """Sentences with up to four of their words changed, on either side of the threshold."""
    rng = random.Random(5)
    own = sentences(400, seed=1, words=24)
    others = [with_words(text, rng.sample(range(24), rng.randrange(5))) for text in own[:300]]
    likeness = [max(jaccard(shingles(text), shingles(other)) for other in others) for text in own]
    expected = [value >= THRESHOLD for value in likeness]
    assert 100 < sum(expected) < 250, "both must be tested"
    assert Near(own).to(others).tolist() == expected


def test_a_sentence_in_chinese_is_near_one_with_a_character_changed() -> None:
    text = "他的子女是卡洛琳和辛西娅一九七零年逝世布伦南马特佩洛西劳伦斯生于一九七一年"
    near = Near([normal(text), normal("完全不同的一句话在这里没有什么关系的内容而已")])
    assert near.to([normal(text.replace("南", "北"))]).tolist() == [True, False]


def test_short_texts_are_not_near_anything() -> None:
    assert Near(["two words", "", "three words here"]).to(["two words", "", "three words"]).tolist() == [False] * 3


def test_nothing_is_near_nothing() -> None:
    assert Near([]).to(["a b c d"]).tolist() == []
    assert Near(["a b c d"]).to([]).tolist() == [False]
