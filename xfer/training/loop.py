"""The training loop: a phase, its data and a place for its files in; checkpoints and curves out.

It knows nothing of Ray: it runs in every rank of an initialised process group, be that a lane's or one plain
process. Numbers follow from the phase alone: micro-batches come from the schedule, each with its own random
state from (seed, step, micro-batch), and ranks only share them out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from xfer.errors import PhaseFailed
from xfer.evaluation.predict import outputs
from xfer.evaluation.prepared import Preparation
from xfer.fingerprint import seed_of
from xfer.models import load
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
from xfer.training.loss import summed_loss
from xfer.training.progress import Progress

CURVE_POINTS = 100
"""Points of a training curve, at most."""

OnStep = Callable[[int, Mapping[str, float]], bool]
"""Called on rank 0 after each step with its number (from 1) and metrics; says whether to stop."""


@dataclass(frozen=True)
class Trained:
    """How a run of the loop ended. The same on every rank, but for ``selections``, which rank 0 knows."""

    finished: bool
    """False when it was asked to stop: a snapshot was left."""
    progress: Progress
    selections: dict[str, dict[str, Any]]
    engine: str
    """Class of the engine that did it."""


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

    Raises ``PhaseFailed`` on every rank when the loss is no longer a number.
    """
    run = _Run(phase, rules, preparation, store, attempt_path(phase.key, attempt), on_step)
    model = load.with_new_heads(preparation.base, start, run.heads, phase.recipe.dropout, phase.seed)
    state = snapshot.tensors_of(store, resume) if resume else None
    if resume and state:
        model.load_state_dict(state["weight"], strict=False)
        run.progress = Progress(**{**resume.loop, "rules": [rule.key for rule in rules]})
    with engines.engine_for(model, phase.recipe, resources) as engine:
        if state:
            run.take_step(engine, 0, learning_rate=0.0)
            engines.set_state(engine, state, run.progress.step)
            del state
        finished = run.to_end(engine, resources.snapshot_every, pause)
        return Trained(finished, run.progress, run.selections, type(engine).__name__)


class _Run:
    """One rank's share of a phase."""

    def __init__(
        self,
        phase: Phase,
        rules: Sequence[Rule],
        preparation: Preparation,
        store: Store,
        path: str,
        on_step: OnStep,
    ) -> None:
        self._phase, self._rules, self._preparation = phase, rules, preparation
        self._store, self._path, self._on_step = store, path, on_step
        members = [preparation.of(data, phase.recipe.max_length) for data in phase.trains_on]
        self._feed = Feed(phase, members, preparation.base)
        self._rank, self._world = torch.distributed.get_rank(), torch.distributed.get_world_size()
        self._device = engines.device()
        self.heads = [
            HeadSpec(
                m.task.name, m.task.format.output,
                m.task.format.size(m.task, preparation.base.spec.vocabulary), m.task.labels,
            )
            for m in members
        ]  # fmt: skip
        self.progress = Progress(rules=[rule.key for rule in rules], examples_of=[0] * len(members))
        self.selections: dict[str, dict[str, Any]] = {}
        self._written = ""

    def to_end(self, engine: Any, snapshot_every: int, pause: int | None) -> bool:
        """Run all steps that are left, or fewer if patience ends; False when asked to stop on the way."""
        stop, last = False, False
        while not last:
            began = time.monotonic()
            step = self.progress.step
            loss, stopped = self.take_step(engine, step, self._learning_rate(step), stop)
            self.progress.step = step + 1
            last = step + 1 == self._phase.steps or self._patience_ends(engine, step + 1)
            self._note_loss(step + 1, loss, last)
            self._look(engine, step + 1, last)
            self.progress.seconds += time.monotonic() - began
            if self._rank == 0:
                stop = self._on_step(step + 1, {"loss": loss})
            stopped = stopped or (pause is not None and step + 1 >= pause)
            if not last and (stopped or (step + 1) % snapshot_every == 0):
                self._snapshot(engine)
            if stopped and not last:
                return False
        self._select_last(engine)
        return True

    def take_step(self, engine: Any, step: int, learning_rate: float, stop: bool = False) -> tuple[float, bool]:
        """One optimizer step; the mean loss over the global batch's targets, and whether any rank wants to stop."""
        micro_batches, targets = self._feed.at(step), self._feed.targets(step)
        total = torch.zeros((), device=self._device)
        engine.train()
        for first in range(0, len(micro_batches), self._world):
            mine = first + self._rank
            micro = micro_batches[mine] if mine < len(micro_batches) else None
            loss = self._loss(engine, step, micro or micro_batches[0], empty=micro is None)
            total += loss.detach()
            engine.backward(loss / max(targets, 1) * self._world, scale_wrt_gas=False)
        engines.set_learning_rate(engine, learning_rate)
        engine.step()
        report = torch.stack([total, torch.tensor(float(stop), device=self._device)])
        torch.distributed.all_reduce(report)
        loss_sum, stops = report.tolist()
        mean = loss_sum / max(targets, 1)
        if not math.isfinite(mean):
            raise PhaseFailed(f"the loss is not a number at step {step + 1}", self._phase.key)
        return mean, stops > 0

    def _loss(self, engine: Any, step: int, micro: MicroBatch, empty: bool) -> torch.Tensor:
        batch = self._feed.batch(step, micro, empty, self._device)
        torch.manual_seed(seed_of("micro-batch", self._phase.seed, step, micro.index))
        loss = summed_loss(engine(batch, self._feed.of(micro).task.name), batch["targets"])
        return loss * 0.0 if empty else loss

    def _learning_rate(self, step: int) -> float:
        recipe, steps = self._phase.recipe, self._phase.steps
        rising = round(recipe.warmup * steps)
        share = (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)
        return recipe.learning_rate * share

    def _note_loss(self, step: int, loss: float, last: bool) -> None:
        progress, micro_batches = self.progress, self._feed.at(step - 1)
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

    def _patience_ends(self, engine: Any, step: int) -> bool:
        """Whether so many looks in a row as the recipe has patience for were no better than one before."""
        until, progress = self._phase.until, self.progress
        if until is None or step % until.every:
            return False
        value = self._mean_metric(engine, until, step)
        better = progress.peak is None or value > progress.peak
        progress.waited = 0 if better else progress.waited + 1
        progress.peak = value if better else progress.peak
        return progress.waited >= (self._phase.recipe.patience or 0)

    def _look(self, engine: Any, step: int, last: bool) -> None:
        """Score the validation data of each ``best`` rule that is due, and keep the weights if they are better."""
        for rule in self._rules:
            if rule.kind == "best" and (last or step % rule.every == 0):
                value = self._mean_metric(engine, rule, step)
                best = self.progress.best.get(rule.key)
                if best is None or value > best["value"]:
                    path = self._checkpoint(engine, step)
                    self.progress.best[rule.key] = {"value": value, "step": step, "path": path}

    def _mean_metric(self, engine: Any, rule: Rule, step: int) -> float:
        """What a look of this rule sees; taken once a step, whoever asks."""
        looks = self.progress.looks.setdefault(rule.key, [])
        if not looks or looks[-1][0] != step:
            looks.append([step, self._measure(engine, rule, step)])
        return looks[-1][1]

    def _measure(self, engine: Any, rule: Rule, step: int) -> float:
        values = torch.zeros(1, dtype=torch.float64)
        for data in rule.on:
            prepared = self._preparation.of(data, self._phase.recipe.max_length)
            task = prepared.task
            found = outputs(
                engine.module,
                prepared.encoded,
                data.task,
                None,
                self._preparation.base.spec.pad,
                self._phase.recipe.precision,
            )
            if found is not None:
                predicted = task.format.decode(task, prepared.rows, prepared.encoded.table, found)
                value = task.major.compute(predicted["gold"].to_pylist(), predicted["prediction"].to_pylist())
                values += value / len(rule.on)
                point = [step, data.task, data.language, task.metric]
                if not any(row[:4] == point for row in self.progress.curves[-len(rule.on) * 4 :]):
                    self.progress.curves.append([*point, value])
        values = values.to(self._device)
        torch.distributed.broadcast(values, 0)
        return float(values)

    def _checkpoint(self, engine: Any, step: int) -> str:
        """Write the weights as a checkpoint of this attempt, once a step; every rank must call this."""
        path = f"{self._path}/checkpoints/{step}"
        if path == self._written:
            return path
        self._written = path
        state = engines.full_state(engine, moments=False)
        if state is not None:
            with snapshot.uploading(self._store, path) as folder:
                load.save(folder, engine.module, state["weight"], self.heads, self._preparation.base)
        return path

    def _snapshot(self, engine: Any) -> None:
        state = engines.full_state(engine, moments=True)
        if state is not None:
            snapshot.write(self._store, self._path, self.progress.step, state, asdict(self.progress))

    def _select_last(self, engine: Any) -> None:
        for rule in self._rules:
            if rule.kind == "last":
                path = self._checkpoint(engine, self.progress.step)
                found = {"step": self.progress.step, "path": path, "value": None}
            else:
                found = self.progress.best[rule.key]
            looks = self.progress.looks.get(rule.key, [])
            self.selections[rule.key] = {"rule": rule.kind, "selected_by": rule.selected_by, "looks": looks, **found}
