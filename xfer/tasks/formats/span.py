"""Extractive question answering: the stretch of a context that answers a question, or that there is none.

A context that is too long becomes several inputs, windows that overlap; the answer with the best sum of logits over
all of them is taken (after the n-best list of Devlin et al. 2019's SQuAD code, which moreover takes a start from one
window alone, the one with the most context around it). The sizes are those of XTREME's scripts and jiant's
``squad_style`` template.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xfer.errors import DataError
from xfer.tasks.formats.base import ENCODED, PREDICTED, Floats, Format, Outputs, truncated_by_row
from xfer.tasks.metrics import SQUAD_EM, SQUAD_EM_F1, SQUAD_F1, Metric

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import Frame, Pieces, TextEncoder

STRIDE, QUESTION = 128, 64
"""Sub-tokens from one window's begin to the next one's, and of a question at most."""

SQUAD = (SQUAD_EM, SQUAD_F1, SQUAD_EM_F1)
"""Metrics of most data sets of this form, in whatever language, as XTREME has it."""

AS_SQUAD = MappingProxyType(
    {"question": "question", "context": "context", "answers": "answers.text", "starts": "answers.answer_start"}
)
"""Columns of data sets in SQuAD's layout."""

N_BEST, ANSWER = 20, 30
"""Starts and ends that are paired with each other, and sub-tokens of an answer at most."""

NOWHERE = -1
"""Offset of what is no part of the context."""

NEAR = 32
"""Characters by which a start may be off: from some contexts white space was cut after starts were counted."""

WINDOWS = pa.schema([*ENCODED, pa.field("starts", pa.list_(pa.int32())), pa.field("ends", pa.list_(pa.int32()))])
"""``starts`` and ``ends``: for each sub-token, its place in the context in characters."""


class Span(Format):
    """A question and a context; the answers are texts of the context, all of them right."""

    name = "span"
    version = 1
    output = "span"
    fields = ("question", "context", "answers", "starts")
    lists = frozenset(["answers", "starts"])
    numbers = MappingProxyType({"starts": pa.int32()})
    texts = ("context", "question")
    stride = STRIDE

    def __init__(self, may_abstain: bool = False, metrics: tuple[Metric, ...] = SQUAD) -> None:
        self.may_abstain = may_abstain
        """Whether a question may have no answer (SQuAD 2)."""
        self.metrics = metrics

    def identity(self) -> object:
        return [self.name, self.version, *(["may abstain"] if self.may_abstain else [])]

    def size(self, task: Task, vocabulary: int) -> int:
        return 2

    def check(self, task: Task, rows: pa.Table, where: str) -> None:
        places = zip(rows["example"].to_pylist(), rows["context"].to_pylist(), rows["answers"].to_pylist(),
                     rows["starts"].to_pylist(), strict=True)  # fmt: skip
        for row, context, answers, starts in places:
            if not answers and not self.may_abstain:
                raise DataError(f"row {row} has no answer", where, f"task {task.name} has one to every question")
            if len(answers) != len(starts):
                raise DataError(
                    f"row {row}: {len(answers)} answers and {len(starts)} starts", where, "give each a start"
                )
            for answer, start in zip(answers, starts, strict=True):
                if not answer.strip():
                    raise DataError(f"row {row} has an answer without text", where, "give no answer: an empty list")
                if _place(context, answer, start) is None:
                    what = f"row {row}: the answer '{answer[:40]}' does not stand at {start} in its context, nor near"
                    raise DataError(what, where, "a start counts the context's characters before the answer")

    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        lines: dict[str, list[object]] = {name: [] for name in WINDOWS.names}
        frame = text.frame()
        longest = min(QUESTION, (text.max_length - len(frame)) // 2)
        contexts = rows["context"].combine_chunks().dictionary_encode()
        of_context = list(text.pieces(contexts.dictionary.to_pylist()))
        questions = text.pieces(rows["question"].to_pylist())
        for row, (number, question, answer) in enumerate(
            zip(contexts.indices.to_pylist(), questions, _answers(rows), strict=True)
        ):
            context = of_context[number]
            span = _sub_tokens(context, *answer) if answer else None
            asked = question.ids[:longest]
            for begin, end in _windows(len(context.ids), text.max_length - len(frame) - len(asked)):
                _add(lines, row, frame, asked, context, begin, end, span)
                lines["truncated"].append(len(question.ids) - len(asked) if begin == 0 else 0)
        return pa.table(lines, schema=WINDOWS)

    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        assert outputs.positions is not None
        best = np.full(rows.num_rows, -np.inf)
        none = np.full(rows.num_rows, np.inf)
        found: list[tuple[int, int]] = [(0, 0)] * rows.num_rows
        windows = zip(
            encoded["row"].to_pylist(),
            _arrays(encoded["starts"]),
            _arrays(encoded["ends"]),
            outputs.positions,
            strict=True,
        )
        for row, starts, ends, logits in windows:
            none[row] = min(none[row], float(logits[0].sum()))
            score, first, last = _best(logits, starts != NOWHERE)
            if score > best[row]:
                best[row], found[row] = score, (int(starts[first]), int(ends[last]))
        contexts = rows["context"].to_pylist()
        answers = [contexts[row][start:end].strip() for row, (start, end) in enumerate(found)]
        abstains = none > best if self.may_abstain else np.zeros(rows.num_rows, bool)
        return pa.table(
            {
                "example": rows["example"],
                "cluster": rows["cluster"],
                "gold": rows["answers"],
                "prediction": [["" if silent else answer] for silent, answer in zip(abstains, answers, strict=True)],
                "probabilities": list(np.stack([best, none], axis=1).astype(np.float32)),
                "truncated": truncated_by_row(rows, encoded),
            },
            schema=PREDICTED,
        )


def _add(
    lines: dict[str, list[object]], row: int, frame: Frame, question: list[int], context: Pieces, begin: int, end: int,
    span: tuple[int, int] | None,
) -> None:  # fmt: skip
    """One window. Where it does not hold the whole answer, the first sub-token stands for none."""
    ids, types = frame.around(question, context.ids[begin:end])
    before, after = len(ids) - len(frame.after) - (end - begin), len(frame.after)
    within = span is not None and begin <= span[0] and span[1] < end
    lines["row"].append(row)
    lines["input_ids"].append(ids)
    lines["type_ids"].append(types)
    lines["targets"].append([place - begin + before for place in span] if span and within else [0, 0])
    for name, offsets in (("starts", context.starts), ("ends", context.ends)):
        lines[name].append([NOWHERE] * before + offsets[begin:end] + [NOWHERE] * after)


def _answers(rows: pa.Table) -> Iterator[tuple[int, int] | None]:
    """Where each row's first answer begins and ends in its context."""
    columns = (rows[name].to_pylist() for name in ("context", "answers", "starts"))
    for context, answers, starts in zip(*columns, strict=True):
        start = _place(context, answers[0], starts[0]) if answers else None
        yield None if start is None else (start, start + len(answers[0]))


def _place(context: str, answer: str, start: int) -> int | None:
    """Where the answer stands: at its start, else nearest to it; None where it is not within ``NEAR`` characters."""
    if start >= 0 and context.startswith(answer, start):
        return start
    near = (at for at in range(max(0, start - NEAR), start + NEAR + 1) if context.startswith(answer, at))
    return min(near, key=lambda at: abs(at - start), default=None)


def _windows(length: int, room: int) -> Iterator[tuple[int, int]]:
    """Stretches of so many sub-tokens with ``room`` for some; each begins a stride after the one before."""
    begin, stride = 0, min(STRIDE, max(1, room // 2))
    while True:
        end = min(begin + max(1, room), length)
        yield begin, end
        if end == length:
            return
        begin += stride


def _sub_tokens(context: Pieces, start: int, end: int) -> tuple[int, int] | None:
    """First and last sub-token of the characters ``start`` to ``end``; None for an answer of white space."""
    first, last = bisect_right(context.ends, start), bisect_left(context.starts, end) - 1
    return (first, last) if first <= last else None


def _best(logits: Floats, may: npt.NDArray[np.bool_]) -> tuple[float, int, int]:
    """Score, first and last sub-token of the best answer among the ``N_BEST`` starts and ends."""
    places = np.flatnonzero(may)
    if not places.size:
        return -np.inf, 0, 0
    first, last = (places[np.argsort(-logits[places, side], kind="stable")[:N_BEST]] for side in (0, 1))
    length = last[None, :] - first[:, None]
    scores = logits[first, 0][:, None] + logits[last, 1][None, :]
    scores = np.where((length >= 0) & (length < ANSWER), scores, -np.inf)
    at, to = np.unravel_index(scores.argmax(), scores.shape)
    return float(scores[at, to]), int(first[at]), int(last[to])


def _arrays(column: pa.ChunkedArray) -> Iterator[npt.NDArray[np.int32]]:
    array = column.combine_chunks()
    values, offsets = array.values.to_numpy(), array.offsets.to_numpy()
    return (values[a:b] for a, b in pairwise(offsets))
