"""What a plan costs, from the lock alone: steps, tokens, floating-point operations, disk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

from xfer.models.spec import ModelSpec
from xfer.phase.data_set import DataSet
from xfer.phase.phase import Phase
from xfer.study.lock import Lock
from xfer.study.plan import Experiment, Planned

BYTES = 4
"""Of a parameter in a checkpoint: fp32."""


@dataclass(frozen=True)
class Cost:
    """Of one phase or of many."""

    steps: int = 0
    """Optimizer steps."""
    tokens: int = 0
    """Sub-tokens, padding included, as expected from the lock's lengths."""
    flops: float = 0.0
    """Forward and backward."""
    disk: int = 0
    """Bytes of its checkpoints: one a selection."""

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.steps + other.steps,
            self.tokens + other.tokens,
            self.flops + other.flops,
            self.disk + other.disk,
        )


def cost(phase: Phase, model: str, selections: int, lock: Lock) -> Cost:
    """Cost of a phase on a model of the lock.

    FLOPs are 6 N per token, N without embeddings, plus 12 x layers x hidden x length per token for attention
    (Kaplan et al. 2020, arXiv 2001.08361, table 1, and three times the forward pass for training).
    """
    spec = lock.model(model)
    tokens, mean = 0.0, 0.0
    for data, share in zip(phase.trains_on, phase.weights, strict=True):
        inputs, length = _inputs(lock, data, model, phase.recipe.max_length)
        per_epoch = -(-data.rows // phase.recipe.batch_size)
        rows = phase.steps / per_epoch * data.rows  # the last batch of an epoch may be short
        tokens += share * rows * inputs * length
        mean += share * length
    return Cost(phase.steps, round(tokens), tokens * _flops_per_token(spec, mean), selections * BYTES * spec.parameters)


def unknown(experiment: Experiment, known: Mapping[str, Planned], lock: Lock) -> tuple[int, Cost]:
    """Trials of an open experiment that are not known yet, and what they cost at most: each as much as the dearest
    that there can be, but for what is ``known`` to be trained anyway."""
    if experiment.sought is None:
        return 0, Cost()
    ends = [experiment.sought.make(values).phases for values in experiment.sought.ends]
    each = max(
        (total((phases[key] for key in sorted(phases.keys() - known.keys())), lock) for phases in ends),
        key=lambda cost: cost.flops,
    )
    number = experiment.number - len(experiment.trials)
    return number, Cost(*(number * value for value in astuple(each)))


def total(phases: Iterable[Planned], lock: Lock) -> Cost:
    """Of many phases."""
    return sum((cost(held.phase, held.model, len(held.rules), lock) for held in phases), Cost())


def _flops_per_token(spec: ModelSpec, length: float) -> float:
    return 6 * (spec.parameters - spec.embedding_parameters) + 12 * spec.layers * spec.hidden * length


def _inputs(lock: Lock, data: DataSet, model: str, limit: int) -> tuple[float, float]:
    """Inputs that a row makes (the options of a choice, the windows of a context), and their mean length."""
    locked = lock.splits[f"{data.task}/{data.language}/{data.split}"]
    lengths: Mapping[int, int] = locked.lengths[model]
    windows = {length: _windows(length, limit, locked.stride) * n for length, n in lengths.items()}
    inputs = max(1, sum(windows.values()))
    return inputs / max(1, locked.rows), sum(min(length, limit) * n for length, n in windows.items()) / inputs


def _windows(length: int, limit: int, stride: int | None) -> int:
    """Inputs that one of this length becomes; each but the first begins a stride, or half an input, after another."""
    return 1 if stride is None else 1 + math.ceil(max(0, length - limit) / min(stride, max(1, limit // 2)))
