"""What a lane is asked to do, and how it ended: small values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from xfer.errors import XferError
from xfer.models.spec import ModelSpec
from xfer.phase.evaluation import Evaluation
from xfer.phase.phase import Phase
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule
from xfer.store.snapshots import Snapshot
from xfer.store.store import Store
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import Registry


@dataclass(frozen=True)
class Site:
    """Where a lane finds things: the same for all jobs of a study."""

    store: Store
    roots: Roots
    data: DataRoots
    registry: Registry
    folder: Path
    """The study's; a model may be named by a path from here."""


@dataclass(frozen=True)
class Train:
    """Train a phase, or go on with it."""

    phase: Phase
    rules: tuple[Rule, ...]
    model: ModelSpec
    start: str
    """The parent checkpoint's path in the store; empty: the model as it was before any phase."""
    resources: Resources
    attempt: int
    resume: Snapshot | None
    """The resume point, the same for every rank."""
    pause: int | None = None
    """The step to stop at, with a snapshot; None: go on to the end."""


@dataclass(frozen=True)
class Evaluate:
    """Predict with one checkpoint and leave one part in the store."""

    evaluations: tuple[Evaluation, ...]
    model: ModelSpec
    subject: str
    """The checkpoint's path in the store; empty: the pretrained model."""
    part: str
    """Where to put the predictions."""


@dataclass(frozen=True)
class Result:
    """How a job ended.

    ``lost``: it broke off, as when a worker dies; worth another try.
    ``stopped``: it was asked to stop and left a snapshot.
    """

    state: Literal["done", "failed", "stopped", "lost"]
    reason: str = ""
    detail: str = ""
    """A traceback; kept with the attempt's outcome."""
    values: dict[str, Any] = field(default_factory=dict)
    error: XferError | None = None
    """What was raised, where it was raised on purpose."""
