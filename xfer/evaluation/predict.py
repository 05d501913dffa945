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
from xfer.tasks.batches import Encoded, padded_length
from xfer.tasks.formats.base import IGNORE, Outputs

BATCH = 32
"""Inputs in a batch at evaluation."""


def predict(evaluations: Sequence[Evaluation], preparation: Preparation, model: EncoderWithHeads) -> pa.Table | None:
    """Predictions of ``model`` for each evaluation, schema ``PREDICTIONS``; None on ranks other than 0."""
    tables = []
    for evaluation in evaluations:
        prepared = preparation.of(evaluation.data, evaluation.max_length)
        task = prepared.task
        layer = None if task.depth is None else round(task.depth * model.config.num_hidden_layers)
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
    order = np.argsort(-encoded.lengths, kind="stable")
    batches = np.split(order, range(BATCH, len(order), BATCH))
    world, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
    mine: list[tuple[int, list[npt.NDArray[Any]]]] = []
    was_training = model.training
    model.eval()
    with torch.inference_mode(), _numbers(precision, model):
        for first in range(0, len(batches), world):
            at = min(first + rank, len(batches) - 1)
            answers = _forward(model, encoded, batches[at], head, layer, pad)
            if first + rank < len(batches):
                mine.append((at, answers))
    model.train(was_training)
    gathered: list[Any] | None = [None] * world if rank == 0 else None
    torch.distributed.gather_object(mine, gathered)
    if gathered is None:
        return None
    answers_of: list[Any] = [None] * len(order)
    for at, answers in (piece for pieces in gathered for piece in pieces):
        for line, answer in zip(batches[at], answers, strict=True):
            answers_of[line] = answer
    if layer is not None:
        return Outputs(vectors=np.stack(answers_of))
    if answers_of and answers_of[0].dtype == np.int32:
        return Outputs(choices=tuple(answers_of))
    return Outputs(logits=np.stack(answers_of))


def _forward(
    model: EncoderWithHeads, encoded: Encoded, lines: npt.NDArray[Any], head: str, layer: int | None, pad: int
) -> list[npt.NDArray[Any]]:
    where = next(model.parameters()).device
    block = encoded.block(lines, padded_length(int(encoded.lengths[lines].max())), pad)
    batch = {name: torch.from_numpy(array).to(where) for name, array in block.items()}
    if layer is not None:
        return list(model.pooled(batch, layer).float().cpu().numpy())
    logits = model(batch, head)
    if logits.ndim == 2:
        return list(logits.float().cpu().numpy())
    best = logits.argmax(-1).to(torch.int32).cpu().numpy()
    return [best[line][block["targets"][line] != IGNORE] for line in range(len(lines))]


def _numbers(precision: str, model: EncoderWithHeads) -> AbstractContextManager[Any]:
    """bf16 by autocast where the recipe asks for it and the weights are still fp32."""
    parameter = next(model.parameters())
    if precision == "bf16" and parameter.dtype == torch.float32:
        return torch.autocast(parameter.device.type, dtype=torch.bfloat16)
    return nullcontext()
