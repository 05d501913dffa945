"""A model's outputs for encoded inputs, dealt over the ranks in whole batches.

Batches are cut by length alone, so the number of ranks changes neither their shapes nor their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
import torch.distributed

from xfer.evaluation.prepared import Preparation
from xfer.models.encoder import EncoderWithHeads
from xfer.phase.evaluation import Evaluation
from xfer.results.schema import PREDICTIONS
from xfer.tasks.batches import Encoded
from xfer.tasks.formats.base import IGNORE, Outputs

Ints = npt.NDArray[np.int64]
Answers = tuple[npt.NDArray[Any], Ints]
"""One after the other: logits or vectors [answers, size], the best labels [positions with a target] in int32, or
logits of a span [positions, 2]; and how many lines of that belong to each answer."""

TOKENS = {"cpu": 4096, "cuda": 32768}
"""Sub-tokens in a batch at evaluation, padding included, by the kind of device."""

STEP = 8
"""Inputs are padded to a multiple of so many sub-tokens: few shapes, and one in sixteen sub-tokens is padding."""


def predict(evaluations: Sequence[Evaluation], preparation: Preparation, model: EncoderWithHeads) -> pa.Table | None:
    """Predictions of ``model`` for each evaluation, schema ``PREDICTIONS``; None on ranks other than 0."""
    tables = []
    for evaluation in evaluations:
        prepared = preparation.of(evaluation.data, evaluation.max_length)
        task = prepared.task
        own = task.layer(model.config.num_hidden_layers)
        layer = own if evaluation.layer is None else evaluation.layer
        pad = preparation.base.spec.pad
        found = outputs(model, prepared.encoded, evaluation.head, layer, pad, evaluation.precision)
        if found is None:
            continue
        predicted = task.format.decode(task, prepared.rows, prepared.encoded.table, found)
        fixed = {
            "evaluation": evaluation.key,
            "task": task.name,
            "language": evaluation.data.language,
            "split": evaluation.data.split,
        }
        for name, value in fixed.items():
            predicted = predicted.append_column(name, pa.array([value] * predicted.num_rows, pa.string()))
        layers = pa.array([layer] * predicted.num_rows, pa.int32())
        tables.append(predicted.append_column("layer", layers).select(PREDICTIONS.names).cast(PREDICTIONS))
    return pa.concat_tables(tables) if tables else None


def outputs(
    model: EncoderWithHeads, encoded: Encoded, head: str, layer: int | None, pad: int, precision: str
) -> Outputs | None:
    """What ``model`` says about every input, in order; None on ranks other than 0.

    With ``layer`` the mean-pooled hidden states of that layer, otherwise the answers of ``head``. Every rank
    must call this, and all run the same number of forward passes, as ZeRO 3 needs.
    """
    where = next(model.parameters()).device
    batches = batches_of(encoded, TOKENS[where.type])
    world, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    mine: list[Answers] = []
    was_training = model.training
    model.eval()
    with torch.inference_mode(), _numbers(precision, model):
        for first in range(0, len(batches), world):
            found = _forward(model, encoded, *batches[min(first + rank, len(batches) - 1)], head, layer, pad)
            if first + rank < len(batches):
                mine.append(found)
    model.train(was_training)
    gathered: list[Any] | None = [None] * world if rank == 0 else None
    torch.distributed.gather_object(_joined(mine), gathered)
    if gathered is None:
        return None
    values, counts = _in_order(gathered, batches, encoded)
    if layer is not None:
        return Outputs(vectors=values)
    if values.dtype == np.int32:
        return Outputs(choices=tuple(np.split(values, np.cumsum(counts)[:-1])))
    if model.spans(head):
        return Outputs(positions=tuple(np.split(values, np.cumsum(counts)[:-1])))
    return Outputs(logits=values)


def batches_of(encoded: Encoded, tokens: int) -> list[tuple[Ints, int]]:
    """Lines that go through the model together, and the length that they are padded to; the longest first."""
    answers, found, at = encoded.answers(np.arange(len(encoded))), [], 0
    while at < len(answers):
        length = -(-int(encoded.lengths[answers[at]].max()) // STEP) * STEP
        some = answers[at : at + max(1, tokens // length // encoded.together)]
        found.append((some.ravel(), length))
        at += len(some)
    return found


def _joined(answers: Sequence[Answers]) -> Answers | None:
    if not answers:
        return None
    values, counts = zip(*answers, strict=True)
    return np.concatenate(values), np.concatenate(counts)


def _in_order(gathered: Sequence[Answers | None], batches: Sequence[tuple[Ints, int]], encoded: Encoded) -> Answers:
    """The ranks' answers in the order of the lines; each rank has had every so-manieth batch."""
    world = len(gathered)
    first = [lines[:: encoded.together] for rank in range(world) for lines, _ in batches[rank::world]]
    joined = _joined([found for found in gathered if found is not None])
    assert joined is not None, "a data set has rows"
    (values, counts), place = joined, np.argsort(np.concatenate(first))
    if len(values) == len(counts):  # one a line: quick to sort
        return values[place], counts[place]
    pieces = np.split(values, np.cumsum(counts)[:-1])
    return np.concatenate([pieces[at] for at in place]), counts[place]


def _forward(
    model: EncoderWithHeads, encoded: Encoded, lines: Ints, length: int, head: str, layer: int | None, pad: int
) -> Answers:
    where = next(model.parameters()).device
    block = encoded.block(lines, length, pad)
    batch = {name: torch.from_numpy(array).to(where) for name, array in block.items()}
    if layer is not None:
        return model.pooled(batch, layer).float().cpu().numpy(), np.ones(len(lines), np.int64)
    logits = model(batch, head)
    if logits.ndim == 2:
        return logits.float().cpu().numpy(), np.ones(len(logits), np.int64)
    if model.spans(head):
        is_there = block["attention_mask"] == 1
        return logits.transpose(1, 2).float().cpu().numpy()[is_there], is_there.sum(1)
    is_target = block["targets"] != IGNORE
    return logits.argmax(-1).to(torch.int32).cpu().numpy()[is_target], is_target.sum(1)


def _numbers(precision: str, model: EncoderWithHeads) -> AbstractContextManager[Any]:
    """bf16 by autocast where the recipe asks for it and the weights are still fp32."""
    parameter = next(model.parameters())
    if precision == "bf16" and parameter.dtype == torch.float32:
        return torch.autocast(parameter.device.type, dtype=torch.bfloat16)
    return nullcontext()
