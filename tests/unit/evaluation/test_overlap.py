"""Overlaps of made data: what is found, how it is counted, and what is not found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tests.unit.evaluation.sentences import sentences, with_words
from xfer.evaluation.overlap import Group, overlaps
from xfer.evaluation.texts import Place, Texts
from xfer.results.schema import OVERLAPS

TRAIN, VALIDATION = Place("pawsx", "en", "train"), Place("pawsx", "en", "validation")
TEST, GERMAN = Place("pawsx", "en", "test"), Place("pawsx", "de", "test")
WORDS, OTHER = sentences(40, seed=1), sentences(40, seed=2)


def texts(first: Sequence[str], second: Sequence[str] | None = None, **more: Any) -> Texts:
    fields = {"sentence1": [(text,) for text in first]}
    fields |= {"sentence2": [(text,) for text in second]} if second else {}
    return Texts(fields, np.arange(len(first), dtype=np.int32), **more)


def lines(held: Mapping[Place, Texts], *groups: Group, **origins: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Language, split, field, source, kind, rows of every line."""
    table = overlaps(groups, held.__getitem__, origins)
    assert table.schema == OVERLAPS
    return [
        (
            row["language"], row["split"], row["field"],
            f"{row['against_language']}/{row['against_split']}", row["kind"], row["rows"],
        )
        for row in table.to_pylist()
    ]  # fmt: skip


def test_the_same_and_nearly_the_same_are_found_each_once() -> None:
    long = sentences(1, seed=3, words=30)[0]
    test = [*WORDS[:4], WORDS[4], long]
    train = [*OTHER, WORDS[2].upper() + "!", WORDS[4], with_words(WORDS[4], [9]), with_words(long, [0])]
    table = overlaps([Group((TRAIN,), (TEST,))], {TRAIN: texts(train), TEST: texts(test)}.__getitem__)
    exact, near = table.to_pylist()
    assert exact == {
        "task": "pawsx", "language": "en", "split": "test", "field": "sentence1",
        "against_task": "pawsx", "against_language": "en", "against_split": "train",
        "kind": "exact", "examples": 2, "verbatim": 1, "of": 6, "share": 2 / 6, "rows": [2, 4],
    }  # fmt: skip
    assert (near["kind"], near["rows"], near["verbatim"], near["share"]) == ("near", [5], None, 1 / 6)


def test_clean_data_give_nothing() -> None:
    held = {TRAIN: texts(OTHER), TEST: texts(WORDS)}
    table = overlaps([Group((TRAIN,), (TEST,))], held.__getitem__)
    assert table.num_rows == 0
    assert table.schema == OVERLAPS


def test_a_source_is_not_held_against_itself() -> None:
    assert lines({TEST: texts(WORDS)}, Group((TEST,), (TEST,))) == []


def test_short_texts_are_no_overlap() -> None:
    held = {TRAIN: texts(["Yes.", "No."] * 3), TEST: texts(["Yes.", "yes"])}
    assert lines(held, Group((TRAIN,), (TEST,))) == []
    pairs = {TRAIN: texts(["A man sleeps."], ["Paris"]), TEST: texts(["A man sleeps."], ["Paris"])}
    assert lines(pairs, Group((TRAIN,), (TEST,))) == []


def test_a_text_may_stand_in_any_field_of_the_source() -> None:
    held = {TRAIN: texts(OTHER[:2], [OTHER[3], WORDS[1]]), TEST: texts(WORDS[:2], OTHER[5:7])}
    assert lines(held, Group((TRAIN,), (TEST,))) == [("en", "test", "sentence1", "en/train", "exact", [1])]


def test_an_example_with_several_answers_is_counted_once() -> None:
    answers = [(WORDS[0], WORDS[1], OTHER[0]), (OTHER[1], OTHER[2], OTHER[3])]
    held = {TRAIN: texts(WORDS), TEST: Texts({"answers": answers}, np.arange(2, dtype=np.int32))}
    assert lines(held, Group((TRAIN,), (TEST,))) == [("en", "test", "answers", "en/train", "exact", [0])]


def test_rows_are_numbered_as_in_the_source() -> None:
    held = {TRAIN: texts(WORDS[1:2]), TEST: Texts(texts(WORDS[:3]).fields, np.array([4, 7, 9], np.int32))}
    assert lines(held, Group((TRAIN,), (TEST,))) == [("en", "test", "sentence1", "en/train", "exact", [7])]


def test_a_hit_taints_the_translations_of_the_example() -> None:
    """German rows stand in another order, one of them has no English side, and one was hit itself."""
    held = {
        TRAIN: texts([WORDS[1], WORDS[2], OTHER[5]]),
        TEST: texts(WORDS[:4], keys=(10, 11, 12, 13)),
        GERMAN: texts(OTHER[4:8], keys=(12, 11, 99, 10)),
    }
    assert lines(held, Group((TRAIN,), (TEST, GERMAN))) == [
        ("en", "test", "sentence1", "en/train", "exact", [1, 2]),
        ("de", "test", "sentence1", "en/train", "exact", [1]),
        ("de", "test", "sentence1", "en/train", "translation", [0]),
    ]


def test_languages_that_hold_different_examples_taint_nothing() -> None:
    held = {TRAIN: texts(WORDS[1:3]), TEST: texts(WORDS[:4]), GERMAN: texts(OTHER[:4])}
    assert {line[0] for line in lines(held, Group((TRAIN,), (TEST, GERMAN)))} == {"en"}


def test_other_languages_of_what_a_choice_was_made_on_are_its_translations() -> None:
    german = Place("pawsx", "de", "validation")
    held = {VALIDATION: texts(WORDS[:3], keys=(1, 2, 3)), german: texts(OTHER[:3], keys=(3, 4, 2))}
    assert lines(held, Group((VALIDATION,), (VALIDATION, german))) == [
        ("de", "validation", "sentence1", "en/validation", "translation", [0, 2])
    ]


def test_a_text_in_several_languages_is_a_source_with_one_translation_line() -> None:
    text = [Place("text", code, "train") for code in ("de", "en")]
    held = {
        text[0]: texts([OTHER[0]]), text[1]: texts([WORDS[1]]),
        TEST: texts(WORDS[:3], keys=(0, 1, 2)), GERMAN: texts(OTHER[:3], keys=(0, 1, 2)),
    }  # fmt: skip
    assert lines(held, Group((*text,), (TEST, GERMAN))) == [
        ("en", "test", "sentence1", "en/train", "exact", [1]),
        ("en", "test", "sentence1", "/train", "translation", [0]),
        ("de", "test", "sentence1", "de/train", "exact", [0]),
        ("de", "test", "sentence1", "/train", "translation", [1]),
    ]


def test_what_stands_in_two_groups_is_told_once() -> None:
    held = {VALIDATION: texts(WORDS), TEST: texts(WORDS[:1])}
    group = Group((VALIDATION,), (TEST,))
    assert len(lines(held, group, group)) == 1


def test_what_a_task_holds_in_other_words_is_declared() -> None:
    """Of what is overlapped with, and of the source itself; but a chance find is no ground."""
    quechua = Place("derived", "qu", "test")
    held = {TRAIN: texts(WORDS[:1]), TEST: texts(WORDS[:40]), quechua: texts(OTHER)}
    groups = Group((TRAIN,), (TEST, quechua))
    declared = ("qu", "test", "", "en/train", "declared", None)
    assert lines(held, groups, derived=("pawsx",))[-1] == declared
    other = {**held, Place("text", "en", "train"): held[TRAIN]}
    through = Group((Place("text", "en", "train"),), (TEST, quechua))
    assert lines(other, through, derived=("pawsx",))[-1] == declared
    assert len(lines(other, through)) == 1
    chance = {**other, TEST: texts(sentences(200, seed=9) + WORDS[:1])}
    assert [line[0] for line in lines(chance, through, derived=("pawsx",))] == ["en"]


def test_the_same_data_give_the_same_table_in_any_order_of_sources() -> None:
    held = {TRAIN: texts(WORDS[::2] + OTHER), TEST: texts([with_words(w, [0]) for w in WORDS] + WORDS)}
    shuffled = {**held, TRAIN: texts(list(reversed(WORDS[::2] + OTHER)))}
    one, two = (overlaps([Group((TRAIN,), (TEST,))], found.__getitem__) for found in (held, shuffled))
    assert one.num_rows == 2
    assert one.equals(two)


def test_nothing_is_held_against_nothing() -> None:
    held: dict[Place, Texts] = {}
    assert overlaps([], held.__getitem__).equals(pa.table([[]] * len(OVERLAPS), schema=OVERLAPS))
