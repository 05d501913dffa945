"""Which texts a task's rows hold, and which of them count."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from xfer.errors import DataError
from xfer.evaluation.texts import Texts, counted, texts_of
from xfer.tasks.registry import SHIPPED


def rows(**columns: object) -> pa.Table:
    number = len(next(iter(columns.values())))  # type: ignore[arg-type]
    return pa.table({"example": pa.array(range(number), pa.int32()), **columns})


@pytest.mark.parametrize("name", SHIPPED.names())
def test_every_task_has_texts(name: str) -> None:
    task = SHIPPED.get(name)
    assert [field for field in task.format.texts if field in task.columns]
    assert not {"label", "tags"} & {*task.format.texts}


COPA = pa.table(
    {
        "example": [0], "context": ["It rained."], "question": ["What happened as a result?"],
        "options": [["I stayed in.", "I went out."]], "label": ["choice1"],
    }
)  # fmt: skip


def test_a_pair_has_two_texts_by_the_names_of_the_source() -> None:
    found = texts_of(SHIPPED.get("xnli"), rows(first=["a"], second=["b"], label=["neutral"]), "here")
    assert found.fields == {"premise": [("a",)], "hypothesis": [("b",)]}


def test_a_sentence_in_words_is_one_text() -> None:
    found = texts_of(SHIPPED.get("panx"), rows(tokens=[["It", "is"], ["Rome"]], tags=[["O", "O"], ["B-LOC"]]), "here")
    assert found.fields == {"tokens": [("It is",), ("Rome",)]}


def test_what_is_put_in_a_few_fixed_words_is_none() -> None:
    """COPA asks for a cause or an effect, and always in the same words."""
    found = texts_of(SHIPPED.get("copa"), COPA, "somewhere")
    assert found.fields == {"premise": [("It rained.",)], "choice1, choice2": [["I stayed in.", "I went out."]]}


def test_what_is_no_text_is_told() -> None:
    with pytest.raises(DataError, match="column 'premise' holds int64, not text") as error:
        texts_of(SHIPPED.get("xnli"), rows(first=[1, 2], second=["b", "c"]), "facebook/xnli (en, test)")
    assert error.value.where == "facebook/xnli (en, test)"


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"text": [("Paris",), ("Rome.",), ("美洲 洲",)]}, ["Paris", "美洲 洲"]),
        ({"first": [("Paris",)], "second": [("Nobody is there now.",), ("Two words ... or so, and some more.",)]},
         ["Two words ... or so, and some more."]),
        ({"options": [("Paris", "A very long answer indeed, this")]}, ["A very long answer indeed, this"]),
    ],
)  # fmt: skip
def test_a_part_of_an_example_must_be_longer_than_a_whole_one(
    fields: dict[str, list[tuple[str, ...]]], counts: list[str]
) -> None:
    texts = Texts(fields, np.arange(3, dtype=np.int32))
    every = [text for values in fields.values() for row in values for text in row]
    assert [text for text, _ in counted(every, texts.minimum)] == counts
