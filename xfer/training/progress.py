"""What a phase has done so far: the part of a snapshot that is not tensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Progress:
    """Goes into a snapshot as JSON."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    curves: list[list[Any]] = field(default_factory=list)
    """Rows of the curves table without the phase: step, task, language, metric, value."""
    pending: dict[str, list[float]] = field(default_factory=dict)
    """Loss sum and steps since the last curve point, by task."""
    rules: list[str] = field(default_factory=list)
    """Keys of the selection rules that have been observed from the first step on."""
    best: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By rule key: value, step and path of the best checkpoint so far."""
    examples_of: list[int] = field(default_factory=list)
    """Rows seen of each training set, repetitions counted."""
    looks: dict[str, list[list[float]]] = field(default_factory=dict)
    """By rule key: step and value of each look."""
    peak: float | None = None
    """With patience: the best value seen by its looks."""
    waited: int = 0
    """With patience: looks since then."""


def curve_rows(phase: str, progress: Progress) -> Iterable[dict[str, Any]]:
    """Rows of the curves table."""
    for step, task, language, metric, value in progress.curves:
        yield {
            "phase": phase,
            "step": step,
            "task": task,
            "language": language,
            "metric": metric,
            "value": value,
        }
