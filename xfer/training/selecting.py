"""Looks at validation data while a phase trains: which checkpoints its selection rules choose, and when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed

from xfer.evaluation.predict import outputs
from xfer.evaluation.prepared import Preparation
from xfer.phase.data_set import DataSet
from xfer.phase.phase import Phase
from xfer.phase.selection import Rule
from xfer.training.progress import Progress
from xfer.training.saving import Saver


class Selector:
    """Applies the rules of a phase. Every rank must call its methods: all of them predict."""

    def __init__(
        self, phase: Phase, rules: Sequence[Rule], preparation: Preparation, progress: Progress, saver: Saver
    ) -> None:
        self._phase, self._rules, self._preparation = phase, rules, preparation
        self._progress, self._saver = progress, saver

    def patience_ends(self, engine: Any, step: int) -> bool:
        """Whether so many looks in a row as the recipe has patience for were no better than one before."""
        until, progress = self._phase.until, self._progress
        if until is None or step % until.every:
            return False
        value = self._mean_metric(engine, until, step)
        better = progress.peak is None or value > progress.peak
        progress.waited = 0 if better else progress.waited + 1
        progress.peak = value if better else progress.peak
        return progress.waited >= (self._phase.recipe.patience or 0)

    def look(self, engine: Any, step: int, last: bool) -> None:
        """Score the validation data of each ``best`` rule that is due, and keep the weights if they are better."""
        for rule in self._rules:
            if rule.kind == "best" and (last or step % rule.every == 0):
                value = self._mean_metric(engine, rule, step)
                best = self._progress.best.get(rule.key)
                if best is None or value > best["value"]:
                    path = self._saver.checkpoint(engine, step, last)
                    self._progress.best[rule.key] = {"value": value, "step": step, "path": path}

    def selections(self, engine: Any) -> dict[str, dict[str, Any]]:
        """What each rule has chosen, now that the last step is done."""
        step, chosen = self._progress.step, {}
        for rule in self._rules:
            if rule.kind == "last":
                found = {"step": step, "path": self._saver.checkpoint(engine, step, True), "value": None}
            else:
                found = self._progress.best[rule.key]
            looks = self._progress.looks.get(rule.key, [])
            chosen[rule.key] = {"rule": rule.kind, "selected_by": rule.selected_by, "looks": looks, **found}
        return chosen

    def _mean_metric(self, engine: Any, rule: Rule, step: int) -> float:
        """What a look of this rule sees; taken once a step, whoever asks."""
        looks = self._progress.looks.setdefault(rule.key, [])
        if not looks or looks[-1][0] != step:
            mean = sum(self._measure(engine, data, step) / len(rule.on) for data in rule.on)
            value = torch.tensor(mean, dtype=torch.float64, device=engine.device)
            torch.distributed.broadcast(value, 0)
            looks.append([step, float(value)])
        return looks[-1][1]

    def _measure(self, engine: Any, data: DataSet, step: int) -> float:
        """The major metric on one data set, also a point of its curve; 0 on ranks other than 0."""
        recipe = self._phase.recipe
        prepared = self._preparation.of(data, recipe.max_length)
        task, pad = prepared.task, self._preparation.base.spec.pad
        found = outputs(engine.module, prepared.encoded, data.task, None, pad, recipe.precision)
        if found is None:
            return 0.0
        predicted = task.format.decode(task, prepared.rows, prepared.encoded.table, found)
        gold, answers = predicted["gold"].to_pylist(), predicted["prediction"].to_pylist()
        value = task.major.compute(gold, answers, data.language)
        point = [step, data.task, data.language, task.metric]
        if not any(row[:4] == point for row in self._progress.curves):
            self._progress.curves.append([*point, value])
        return float(value)
