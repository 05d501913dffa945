"""Which run of a target stands for it where only one can: chosen on validation data, never on what is handed in.

The arm with the best mean over its runs, and of that arm the best run; of equals the first in the study's order. Where
there is nothing to choose on it is the arm without an intermediate task, unless another one is named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xfer.phase.evaluation import Evaluation
from xfer.reports.reported import NONE
from xfer.study.plan import Plan

CHECKPOINT = ("phase", "selection", "step", "selected_by")
"""What of the view ``scores`` says which checkpoint answered."""

READ = ["arm", "seed", "language", "split", "value", *CHECKPOINT]


@dataclass(frozen=True)
class Run:
    """A cell of the grid whose predictions are all there."""

    arm: str
    seed: int | None
    """None where nothing was trained."""
    score: float | None
    """On the validation data that is chosen on, between 0 and 1; None where there is none."""
    checkpoint: Mapping[str, Any]
    """Its fields ``CHECKPOINT``; the phase is empty for the pretrained model."""
    evaluations: tuple[Evaluation, ...]
    """Of the split that is handed in, one a language."""


@dataclass(frozen=True)
class Chosen:
    """The run that stands for a target, and what it was chosen by."""

    run: Run
    on: str
    """Split and language; ``named``, or empty where there was nothing to choose on."""
    means: Mapping[str, tuple[float, int]]
    """By arm, in the study's order: the mean of its runs' scores, and how many these are."""


def runs(plan: Plan, scores: pa.Table, model: str, target: str, split: str, on: str) -> Iterator[Run]:
    """The runs of a target that have predicted ``split`` in every language, in the study's order.

    ``scores``: of the view, the rows of the target's major metric and the model. ``on``: split and language to choose
    on, such as ``validation/en``.
    """
    scored: dict[tuple[str, int | None], dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in scores.filter(pc.equal(scores["target"], target)).select(READ).to_pylist():
        scored[row["arm"], row["seed"]][f"{row['split']}/{row['language']}"] = row
    for cell in plan.cells:
        if (cell.model, cell.target) != (model, target) or not cell.decided:
            continue
        found = (plan.evaluations[key] for key in cell.evaluations if plan.evaluations[key].layer is None)
        asked = {f"{split}/{e.data.language}": e for e in found if e.data.split == split}
        rows = scored[cell.arm, cell.seed]
        if asked and rows.keys() >= asked.keys():
            checkpoint = {name: rows[next(iter(asked))][name] for name in CHECKPOINT}
            value = rows[on]["value"] if on in rows else None
            score = value if value is not None and isfinite(value) else None
            yield Run(cell.arm, cell.seed, score, checkpoint, tuple(asked.values()))


def choose(known: Sequence[Run], on: str, named: str | None = None) -> Chosen | None:
    """The run that stands for a target, if its arm has one; ``on`` is what ``runs`` was told."""
    scores: dict[str, list[float]] = defaultdict(list)
    for run in known:
        if run.score is not None:
            scores[run.arm].append(run.score)
    means = {arm: (fmean(own), len(own)) for arm, own in scores.items()}
    arm = named or max(means, key=lambda arm: means[arm][0], default=NONE)
    best = max(
        (run for run in known if run.arm == arm), key=lambda run: -inf if run.score is None else run.score, default=None
    )
    return None if best is None else Chosen(best, "named" if named else on if means else "", means)
