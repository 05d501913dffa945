"""Spans: windows that hold all of a context, and the best answer over them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.tasks import toy
from xfer.errors import DataError
from xfer.tasks.formats import span
from xfer.tasks.formats.base import ENCODED, PREDICTED, Outputs
from xfer.tasks.formats.span import NOWHERE, Span
from xfer.tasks.source import hub
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder

TASK = Task(
    "qa", format=Span(), source=hub("me/qa", "default"), languages=("en",), metric="squad_f1",
    columns={"question": "q", "context": "c", "answers": "a.text", "starts": "a.answer_start"},
)  # fmt: skip
LONG = " ".join(f"{'abcd'[i % 4]}{'dcba'[i // 4 % 4]}" for i in range(40))


def rows(*found: tuple[str, str, list[str], list[int]]) -> pa.Table:
    numbers = pa.array(range(3, 3 + len(found)), pa.int32())
    question, context, answers, starts = (list(column) for column in zip(*found, strict=True))
    return pa.table(
        {
            "example": numbers, "cluster": numbers, "question": question, "context": context,
            "answers": pa.array(answers, pa.list_(pa.string())), "starts": pa.array(starts, pa.list_(pa.int32())),
        }
    )  # fmt: skip


TABLE = rows(
    ("d", "ab c d", ["c"], [3]),
    ("a b", LONG, [LONG[60:65]], [60]),
    ("d d d d d d d d d d d d", "a b c d", ["b c", "c"], [2, 4]),
)


def encode(table: pa.Table, max_length: int = 24) -> pa.Table:
    return Span().encode(TASK, table, TextEncoder(toy.tokenizer(), max_length))


def perfect(encoded: pa.Table) -> Outputs:
    """What a model says that knows the targets."""
    found = []
    for ids, targets in zip(encoded["input_ids"].to_pylist(), encoded["targets"].to_pylist(), strict=True):
        logits = np.zeros((len(ids), 2), np.float32)
        logits[targets[0], 0] = logits[targets[1], 1] = 5
        found.append(logits)
    return Outputs(positions=tuple(found))


def decode(table: pa.Table, encoded: pa.Table, outputs: Outputs, **how: Any) -> pa.Table:
    return Span(**how).decode(TASK, table, encoded, outputs)


def test_question_and_context_are_a_pair_whose_targets_are_the_answers_first_and_last_sub_token() -> None:
    encoded = encode(TABLE)
    assert encoded.schema.names[: len(ENCODED)] == ENCODED.names
    assert toy.words(encoded["input_ids"][0].as_py()) == "<s> d </s> </s> a ##b c d </s>"
    assert encoded["targets"][0].as_py() == [6, 6]
    assert encoded["type_ids"][0].as_py() == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert encoded["starts"][0].as_py() == [NOWHERE] * 4 + [0, 1, 3, 5, NOWHERE]
    assert encoded["ends"][0].as_py() == [NOWHERE] * 4 + [1, 2, 4, 6, NOWHERE]


def test_windows_of_a_long_context_overlap_and_hold_all_of_it() -> None:
    encoded = encode(TABLE)
    lines = [line for line in encoded.to_pylist() if line["row"] == 1]
    assert len(lines) > 2 and max(len(line["input_ids"]) for line in lines) == 24
    covered = [{place for place in line["starts"] if place != NOWHERE} for line in lines]
    assert set().union(*covered) == {i for i, letter in enumerate(LONG) if letter != " "}
    assert all(one & other for one, other in pairwise(covered))


def test_a_window_without_the_whole_answer_points_to_the_first_sub_token() -> None:
    encoded = encode(TABLE)
    for line in encoded.to_pylist():
        if line["row"] == 1:
            inside = {60, 61, 63, 64} <= set(line["starts"])
            first, last = line["targets"]
            assert (line["starts"][first], line["ends"][last]) == (60, 65) if inside else (first, last) == (0, 0)


@pytest.mark.parametrize("max_length", [16, 24, 200])
def test_right_outputs_give_back_the_first_answer(max_length: int) -> None:
    encoded = encode(TABLE, max_length)
    predicted = decode(TABLE, encoded, perfect(encoded))
    assert predicted.schema == PREDICTED
    assert predicted["prediction"].to_pylist() == [["c"], [LONG[60:65]], ["b c"]]
    assert predicted["gold"].to_pylist() == TABLE["answers"].to_pylist()


def test_a_question_that_is_too_long_is_cut_and_counted_once() -> None:
    encoded = encode(TABLE, 16)
    assert decode(TABLE, encoded, perfect(encoded))["truncated"].to_pylist() == [0, 0, 7]


def test_the_answer_is_the_best_pair_that_lies_in_the_context_in_order_and_is_not_too_long() -> None:
    words = " ".join("abcd" * 20)
    table = rows(("a", words, ["a"], [0]))
    encoded = encode(table, 120)
    random = np.random.default_rng(3)
    for _ in range(50):
        logits = random.normal(0, 2, (len(encoded["input_ids"][0]), 2)).astype(np.float32)
        first, last = (set(np.argsort(-np.where(_there(encoded), logits[:, side], -np.inf))[:20]) for side in (0, 1))
        _, a, b = max(
            (float(logits[a, 0] + logits[b, 1]), int(a), int(b))
            for a in first
            for b in last
            if 0 <= b - a < span.ANSWER
        )
        starts, ends = encoded["starts"][0].as_py(), encoded["ends"][0].as_py()
        found = decode(table, encoded, Outputs(positions=(logits,)))
        assert found["prediction"].to_pylist() == [[words[starts[a] : ends[b]]]]


def _there(encoded: pa.Table) -> list[bool]:
    return [place != NOWHERE for place in encoded["starts"][0].as_py()]


def test_where_a_question_may_have_no_answer_it_has_none_if_that_is_likelier_in_every_window() -> None:
    table = rows(("d", LONG, [], []), ("d", LONG, ["ad"], [0]))
    encoded = encode(table)
    said = [logits.copy() for logits in perfect(encoded).positions or ()]
    silent = decode(table, encoded, Outputs(positions=tuple(said)), may_abstain=True)
    assert silent["prediction"].to_pylist() == [[""], ["ad"]] and silent["gold"].to_pylist() == [[], ["ad"]]
    assert decode(table, encoded, Outputs(positions=tuple(said)))["prediction"].to_pylist() != [[""], ["ad"]]


@pytest.mark.parametrize(
    ("answers", "starts", "what"),
    [
        ([], [], "row 3 has no answer"),
        (["ab"], [0, 1], "row 3: 1 answers and 2 starts"),
        (["d"], [6], "row 3: the answer 'd' starts at 6"),
        (["d"], [-1], "row 3: the answer 'd' starts at -1"),
    ],
)
def test_answers_that_are_not_in_their_context_are_refused_by_the_row(
    answers: list[str], starts: list[int], what: str
) -> None:
    with pytest.raises(DataError, match=f"somewhere: {what}"):
        Span().check(TASK, rows(("d", "ab c d", answers, starts)), "somewhere")


def test_no_answer_is_an_answer_where_a_task_says_so_and_another_identity() -> None:
    Span(may_abstain=True).check(TASK, rows(("d", "ab c d", [], [])), "somewhere")
    assert Span(may_abstain=True).identity() != Span().identity()
