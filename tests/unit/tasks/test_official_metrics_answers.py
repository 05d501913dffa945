"""XQuAD, TyDiQA and MLQA: EM and F1 are those of their scripts' definitions, in every language.

The definitions are written out letter by letter here: no pattern, no translation table, fractions instead of floats.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import groupby

import pytest

from xfer.tasks.metrics import MLQA_EM, MLQA_EM_F1, MLQA_F1, SQUAD_EM, SQUAD_EM_F1, SQUAD_F1, Labels, Metric

XQUAD = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")
TYDIQA = ("en", "ar", "bn", "fi", "id", "ko", "ru", "sw", "te")
ARTICLES = {
    "en": ("a", "an", "the"),
    "es": ("un", "una", "unos", "unas", "el", "la", "los", "las"),
    "de": ("ein", "eine", "einen", "einem", "eines", "einer", "der", "die", "das", "den", "dem", "des"),
    "vi": ("của", "là", "cái", "chiếc", "những"),
    "ar": (), "hi": (), "zh": (),
}  # fmt: skip
"""MLQA's. Arabic's is no word of its own."""

ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
WORDS = (
    "Rome", "rome", "ROME", "Straße", "STRASSE", "İstanbul", "1,999", "3.5", "£5", "$5", "x^2", "U.S.", "it's", "it’s",
    "a", "An", "THE", "the-end", "theatre", "a.k.a", "un", "Los", "la", "Der", "dem", "der,", "của", "Là", "những",
    "é", "É", "e\u0301", "a\u0301", "Ω", "ς", "Σ", "Москва", "й", "и\u0306", "ال", "القاهرة", "بال", "قالال", "١٩٩٩",
    "مُحَمَّد", "؟", "،", "\u200fالقاهرة\u200f", "ירושלים", "भारत", "भारत।", "१९", "ঢাকা", "తెలుగు", "กรุงเทพ", "ๆ", "한국",
    "\u1112\u1161\u11ab국", "서울에", "北京", "北京市。", "第2次", "「東京」", "九龍塘", "龥龦", "ＡＢＣ", "１２", "㐀",
    "—", "…", "«", "»", "¿", "!", "\u200b",
)  # fmt: skip
SPACES = (" ", " ", " ", "  ", "\t", "\n", "\u00a0", "\u3000", "\u2009", "", "-", "—")
SETS, EXAMPLES = 220, 8


def text(draw: random.Random) -> str:
    made = "".join(draw.choice(WORDS) + draw.choice(SPACES) for _ in range(draw.randint(1, 5)))
    return draw.choice([made, made, made, "", " ", "the", "The a", "las", "الال", "?!", "。"])


def changed(draw: random.Random, right: str) -> str:
    """An answer like the right one: in another form of Unicode, of other case, with more or less in it."""
    words = right.split(" ")
    return draw.choice(
        [
            right, right, right.upper(), right.swapcase(), f" {right}.", f"the {right}", f"{right} der", f"«{right}»",
            unicodedata.normalize("NFC", right), unicodedata.normalize("NFD", right),
            unicodedata.normalize("NFKC", right), " ".join(words[1:]), " ".join([*words, words[0]]), right[::-1], "",
        ]
    )  # fmt: skip


def questions(draw: random.Random) -> tuple[Labels, Labels]:
    """Right answers, several of which may be one and the same, or none; and an answer to each question."""
    gold = [[text(draw) for _ in range(draw.choice([0, 1, 1, 1, 2, 3]))] for _ in range(EXAMPLES)]
    near = draw.random()
    return gold, [[changed(draw, draw.choice(g)) if g and draw.random() < near else text(draw)] for g in gold]


def without_words(letters: str, words: Sequence[str]) -> str:
    """A blank for each of these words, where a word is what letters, digits and underscores make without a gap."""
    pieces = ("".join(run) for _, run in groupby(letters, key=lambda letter: letter.isalnum() or letter == "_"))
    return "".join(" " if piece in words else piece for piece in pieces)


def by_squad(answer: str, language: str) -> list[str]:
    bare = "".join(letter for letter in answer.lower() if letter not in ASCII_PUNCTUATION)
    return without_words(bare, ("a", "an", "the")).split()


def by_mlqa(answer: str, language: str) -> list[str]:
    bare = without_words(
        "".join(x for x in answer.lower() if x not in ASCII_PUNCTUATION and unicodedata.category(x)[0] != "P"),
        ARTICLES[language],
    )
    if language == "ar":
        bare = " ".join(bare.split("ال"))
    tokens: list[str] = []
    for piece in bare.split():
        together = ""
        for letter in piece:
            if language == "zh" and 0x4E00 <= ord(letter) <= 0x9FA5:
                tokens += [together, letter]
                together = ""
            else:
                together += letter
        tokens.append(together)
    return [token for token in tokens if token]


def token_f1(found: list[str], right: list[str]) -> Fraction:
    left, same = list(right), 0
    for token in found:
        if token in left:
            left.remove(token)
            same += 1
    if not same:
        return Fraction(0)
    precision, recall = Fraction(same, len(found)), Fraction(same, len(right))
    return 2 * precision * recall / (precision + recall)


def by_hand(
    gold: Labels, prediction: Labels, language: str, rules: Callable[[str, str], list[str]]
) -> tuple[float, float]:
    """EM and F1: of each question the best over its right answers; of one without any, whether nothing is said."""
    exact, f1 = Fraction(0), Fraction(0)
    for right, (answer,) in zip(gold, prediction, strict=True):
        tokens, accepted = rules(answer, language), [rules(one, language) for one in right]
        if accepted:
            exact += max(int(tokens == one) for one in accepted)
            f1 += max(token_f1(tokens, one) for one in accepted)
        else:
            exact += int(not tokens)
            f1 += int(not tokens)
    return float(exact / len(gold)), float(f1 / len(gold))


@pytest.mark.parametrize(
    ("metrics", "rules", "languages"),
    [
        ((SQUAD_EM, SQUAD_F1, SQUAD_EM_F1), by_squad, XQUAD),
        ((SQUAD_EM, SQUAD_F1, SQUAD_EM_F1), by_squad, TYDIQA),
        ((MLQA_EM, MLQA_F1, MLQA_EM_F1), by_mlqa, tuple(ARTICLES)),
    ],
    ids=["xquad", "tydiqa", "mlqa"],
)
def test_em_and_f1_are_those_of_the_definition(
    metrics: Sequence[Metric], rules: Callable[[str, str], list[str]], languages: Sequence[str]
) -> None:
    seen = set()
    for seed in range(SETS):
        gold, prediction = questions(random.Random(seed))
        language = languages[seed % len(languages)]
        exact, f1 = by_hand(gold, prediction, language, rules)
        values = [metric.compute(gold, prediction, language) for metric in metrics]
        assert values == pytest.approx([exact, f1, (exact + f1) / 2], abs=1e-12), (language, gold, prediction)
        seen.add((exact, f1))
    assert len(seen) > 80 and any(f1 > exact for exact, f1 in seen)


@pytest.mark.parametrize("language", ARTICLES)
def test_each_of_mlqas_languages_has_its_own_rules(language: str) -> None:
    """On the same predictions its score is another than SQuAD's, or another language's would be."""
    differ, of_squad = set(), 0
    for seed in range(40):
        gold, prediction = questions(random.Random(seed))
        own = MLQA_F1.compute(gold, prediction, language)
        of_squad += own != SQUAD_F1.compute(gold, prediction, language)
        differ |= {other for other in ARTICLES if own != pytest.approx(MLQA_F1.compute(gold, prediction, other))}
    assert of_squad > 10
    assert differ == ARTICLES.keys() - {language}


NFC, NFD = "café", "cafe\u0301"


@pytest.mark.parametrize(
    ("language", "right", "answer", "squad", "mlqa"),
    [
        # EM and F1 by either set of rules
        ("en", ["the U.S."], "US", (1, 1), (1, 1)),
        ("en", ["the"], "a", (1, 0), (1, 0)),  # only articles: nothing equals nothing, but shares no token
        ("en", [], "", (1, 1), (1, 1)),
        ("en", [], "the", (1, 1), (1, 1)),
        ("en", [], "Rome", (0, 0), (0, 0)),
        ("en", ["Rome"], "", (0, 0), (0, 0)),
        ("en", ["Rome", "ancient Rome"], "Ancient Rome", (1, 1), (1, 1)),  # the best of several
        ("en", [NFC], NFD, (0, 0), (0, 0)),
        ("de", ["der Rhein"], "Rhein", (0, 2 / 3), (1, 1)),
        ("es", ["los “Reyes”"], "reyes", (0, 0), (1, 1)),  # curly quotes are no punctuation to SQuAD
        ("ar", ["القاهرة"], "قاهرة", (0, 0), (1, 1)),
        ("ar", ["قالت"], "ق ت", (0, 0), (1, 1)),  # the article goes wherever its letters stand
        ("vi", ["của Hà Nội"], "hà nội", (0, 0.8), (1, 1)),
        ("zh", ["北京市"], "北京", (0, 0), (0, 0.8)),
        ("zh", ["北京。"], "北京", (0, 0), (1, 1)),
        ("zh", ["第12次"], "第12回", (0, 0), (0, 2 / 3)),
        ("hi", ["भारत।"], "भारत", (0, 0), (1, 1)),
        ("en", ["1,999"], "1999", (1, 1), (1, 1)),
        ("ar", ["١٩٩٩"], "1999", (0, 0), (0, 0)),  # digits of other scripts are other letters
    ],
)
def test_known_answers(
    language: str, right: list[str], answer: str, squad: tuple[float, float], mlqa: tuple[float, float]
) -> None:
    for metrics, expected in (((SQUAD_EM, SQUAD_F1), squad), ((MLQA_EM, MLQA_F1), mlqa)):
        values = tuple(metric.compute([right], [[answer]], language) for metric in metrics)
        assert values == pytest.approx(expected), (language, right, answer)
