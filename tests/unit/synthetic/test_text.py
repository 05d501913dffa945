"""Documents to pretrain on: the same said twice, with another word for the verb."""

from __future__ import annotations

from xfer.synthetic import tables
from xfer.synthetic.lexicon import SHAPES, lexicons
from xfer.synthetic.text import FIRST_LANGUAGE, TRANSLATED
from xfer.synthetic.world import Language, Rows, World

ROWS = Rows(text=4000, nli=1, tagging=1, paraphrase=1, validation=1, test=1)


def documents(languages: dict[str, Language]) -> list[list[list[str]]]:
    """Each document as two lists of words."""
    said = tables.table(World(languages=languages, rows=ROWS), "text", "mul", "train")["text"].to_pylist()
    return [[clause.split() for clause in document.split(" .")[:2]] for document in said]


def test_a_document_says_the_same_twice_with_another_word_for_the_verb() -> None:
    words = lexicons(World(languages={"en": Language()}))["en"]
    pairs = words.verbs.reshape(-1, 2).tolist()
    synonyms = dict(pairs) | {other: one for one, other in pairs}
    for first, second in documents({"en": Language()}):
        assert [synonyms.get(word, word) for word in first] == second


def test_languages_have_their_shares() -> None:
    codes = {"en": Language(), "qaa": Language(cognates=0), "qab": Language(cognates=0)}
    words = lexicons(World(languages=codes))
    language_of = {form: code for code in codes for kind in SHAPES for form in getattr(words[code], kind).flat}
    pairs = [tuple({language_of[word] for word in clause} for clause in document) for document in documents(codes)]
    assert all(len(first) == len(second) == 1 for first, second in pairs)
    assert abs(sum(first == {"en"} for first, _ in pairs) / len(pairs) - FIRST_LANGUAGE) < 0.03
    assert abs(sum(first != second for first, second in pairs) / len(pairs) - TRANSLATED) < 0.03
