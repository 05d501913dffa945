"""The training loop: a phase, its data and a place for its files in; checkpoints and curves out.

It knows nothing of Ray: it runs in every rank of an initialised process group, be that a lane's or one plain
process. Numbers follow from the phase alone: micro-batches come from the schedule, each with its own random
state from (seed, step, micro-batch), and ranks only share them out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from xfer.errors import PhaseFailed
from xfer.evaluation.prepared import Preparation, Prepared
from xfer.fingerprint import seed_of
from xfer.models import load
from xfer.models.base import Base
from xfer.models.spec import HeadSpec
from xfer.phase.phase import Phase
from xfer.phase.resources import Resources
from xfer.phase.selection import Rule
from xfer.store.attempts import attempt_path
from xfer.store.snapshots import Snapshot
from xfer.store.store import Store
from xfer.tasks.batches import MicroBatch
from xfer.training import engine as engines
from xfer.training import snapshot
from xfer.training.feed import Feed
from xfer.training.logs import Logs
from xfer.training.loss import summed_loss
from xfer.training.progress import Progress
from xfer.training.saving import Kept, Saver
from xfer.training.selecting import Selector
from xfer.training.state import set_state

CURVE_POINTS = 100
"""Points of a training curve, at most."""

OnStep = Callable[[int, Mapping[str, float]], bool]
"""Called on rank 0 after each step with its number (from 1) and metrics; says whether to stop."""


@dataclass(frozen=True)
class Trained:
    """How a run of the loop ended."""

    finished: bool
    """False when it was asked to stop: a snapshot was left."""
    progress: Progress
    """The same on every rank, but for curves, which rank 0 knows."""
    selections: dict[str, dict[str, Any]]
    engine: str
    """Class of the engine that did it."""
    kept: Kept | None
    """The last checkpoint, in memory, so that it can be evaluated without being read again."""


def train(
    phase: Phase,
    rules: Sequence[Rule],
    preparation: Preparation,
    start: Path | None,
    resources: Resources,
    store: Store,
    attempt: int,
    resume: Snapshot | None,
    on_step: OnStep,
    pause: int | None = None,
) -> Trained:
    """Train ``phase`` from the checkpoint ``start`` (None: the base), or go on from the snapshot ``resume``;
    at step ``pause`` it stops by itself and leaves a snapshot.

    Raises ``PhaseFailed`` on every rank when the loss or its gradient is no longer a number, and ``StoreError`` on
    rank 0.
    """
    members = [preparation.of(data, phase.recipe.max_length) for data in phase.trains_on]
    heads = [_head(member, preparation.base) for member in members]
    model = load.with_new_heads(preparation.base, start, heads, phase.recipe.dropout, phase.seed)
    progress = Progress(rules=[rule.key for rule in rules], examples_of=[0] * len(members))
    state = snapshot.tensors_of(store, resume) if resume else None
    if resume and state:
        model.load_state_dict(state["weight"], strict=False)
        progress = Progress(**{**resume.loop, "rules": progress.rules})
    is_first = torch.distributed.get_rank() == 0
    with (
        Logs(store, phase.key, attempt, progress) if is_first else nullcontext() as logs,
        Saver(store, attempt_path(phase.key, attempt), heads, preparation.base, logs) as saver,
        engines.engine_for(model, phase.recipe, resources) as engine,
    ):
        selector = Selector(phase, rules, preparation, progress, saver)
        run = _Run(phase, Feed(phase, members, preparation.base), engine, progress, selector, saver, logs)
        if state:
            run.take_step(0, learning_rate=0.0)
            set_state(engine, state, progress.step)
            del state
        finished = run.to_end(on_step, resources.snapshot_every, pause)
        selections = selector.selections(engine) if finished else {}
        return Trained(finished, progress, selections, type(engine).__name__, saver.kept)


def _head(member: Prepared, base: Base) -> HeadSpec:
    task = member.task
    return HeadSpec(task.name, task.format.output, task.format.size(task, base.spec.vocabulary), task.labels)


class _Run:
    """One rank's share of a phase."""

    def __init__(
        self, phase: Phase, feed: Feed, engine: Any, progress: Progress, selector: Selector, saver: Saver,
        logs: Logs | None,
    ) -> None:  # fmt: skip
        self._phase, self._feed, self._engine = phase, feed, engine
        self._progress, self._selector, self._saver, self._logs = progress, selector, saver, logs
        self._rank, self._world = torch.distributed.get_rank(), torch.distributed.get_world_size()
        engine.train()  # who predicts on the way puts that back

    def to_end(self, on_step: OnStep, snapshot_every: int, pause: int | None) -> bool:
        """Run all steps that are left, or fewer if patience ends; False when asked to stop on the way."""
        stop, last, progress = False, False, self._progress
        while not last:
            began = time.monotonic()
            step = progress.step
            loss, stopped = self.take_step(step, self._learning_rate(step), stop)
            progress.step = step + 1
            last = step + 1 == self._phase.steps or self._selector.patience_ends(self._engine, step + 1)
            self._note_loss(step + 1, loss, last)
            self._selector.look(self._engine, step + 1, last)
            progress.seconds += time.monotonic() - began
            if self._logs is not None:
                self._logs.follow(progress, self._learning_rate(step))
            if self._rank == 0:
                stop = on_step(step + 1, {"loss": loss})
            stopped = stopped or (pause is not None and step + 1 >= pause)
            if not last and (stopped or (step + 1) % snapshot_every == 0):
                self._saver.snapshot(self._engine, progress)
            if stopped and not last:
                return False
        return True

    def take_step(self, step: int, learning_rate: float, stop: bool = False) -> tuple[float, bool]:
        """One optimizer step; the mean loss over the global batch's targets, and whether any rank wants to stop."""
        engine = self._engine
        micro_batches, targets = self._feed.at(step), self._feed.targets(step)
        total = torch.zeros((), device=engine.device)
        for first in range(0, len(micro_batches), self._world):
            mine = first + self._rank
            micro = micro_batches[mine] if mine < len(micro_batches) else None
            loss = self._loss(step, micro or micro_batches[0], empty=micro is None)
            total += loss.detach()
            engine.backward(loss / max(targets, 1) * self._world, scale_wrt_gas=False)
        engines.set_learning_rate(engine, learning_rate)
        engine.step()
        norm = engines.gradient_norm(engine)
        report = torch.stack([total, torch.tensor(float(stop), device=engine.device), norm])
        torch.distributed.all_reduce(report)
        loss_sum, stops, norms = report.tolist()
        mean = loss_sum / max(targets, 1)
        for what, value in (("loss", mean), ("gradient", norms)):
            if not math.isfinite(value):
                raise PhaseFailed(f"the {what} is not a number at step {step + 1}", self._phase.key)
        return mean, stops > 0

    def _loss(self, step: int, micro: MicroBatch, empty: bool) -> torch.Tensor:
        batch = self._feed.batch(step, micro, empty, self._engine.device)
        torch.manual_seed(seed_of("micro-batch", self._phase.seed, step, micro.index))
        loss = summed_loss(self._engine(batch, self._feed.of(micro).task.name), batch["targets"])
        return loss * 0.0 if empty else loss

    def _learning_rate(self, step: int) -> float:
        recipe, steps = self._phase.recipe, self._phase.steps
        rising = round(recipe.warmup * steps)
        share = (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)
        return recipe.learning_rate * share

    def _note_loss(self, step: int, loss: float, last: bool) -> None:
        progress, micro_batches = self._progress, self._feed.at(step - 1)
        member = self._feed.of(micro_batches[0])
        lines = [line for micro in micro_batches for line in micro.inputs]
        progress.examples_of[micro_batches[0].member] += len({int(member.encoded.row_of[line]) for line in lines})
        progress.tokens += int(member.encoded.lengths[lines].sum())
        pending = progress.pending.setdefault(member.task.name, [0.0, 0.0])
        pending[0] += loss
        pending[1] += 1
        if step % -(-self._phase.steps // CURVE_POINTS) == 0 or last:
            for data in self._phase.trains_on:
                total, count = progress.pending.pop(data.task, (0.0, 0.0))
                if count:
                    progress.curves.append([step, data.task, data.language, "loss", total / count])
