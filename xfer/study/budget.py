"""Budget: how long a study may hold accelerators or cores, all its runs together.

What is held counts, from a lane's beginning to its end, whether it trains or not. Every run writes down what it held,
so that the next one begins where it ended. What is left to do is estimated from the phases that are done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from statistics import median
from typing import NamedTuple

from pydantic import Field, model_validator

from xfer.errors import UserError
from xfer.store import records
from xfer.store.store import Store, as_json
from xfer.study.cost import cost
from xfer.study.fields import Fields
from xfer.study.lock import Lock
from xfer.study.plan import Plan

HOUR = 3600.0

EVERY = 10.0
"""Seconds between two notes of what is held."""

SAMPLE = 50
"""Phases on record that a rate is measured on, at most."""


class Hours(NamedTuple):
    """Time that devices are held."""

    gpu: float = 0.0
    core: float = 0.0
    """Of ranks without an accelerator."""

    def plus(self, other: Hours) -> Hours:
        return Hours(self.gpu + other.gpu, self.core + other.core)

    def __str__(self) -> str:
        """For people: what is not zero."""
        told = [f"{hours:.3g} {kind} hours" for kind, hours in zip(("GPU", "core"), self, strict=True) if hours]
        return " and ".join(told) or "nothing"


class Budget(Fields):
    """What all runs of a study may use together."""

    gpu_hours: float | None = Field(default=None, gt=0)
    """Accelerators times hours."""
    core_hours: float | None = Field(default=None, gt=0)
    """Cores of ranks without an accelerator, times hours."""

    @model_validator(mode="after")
    def _says_something(self) -> Budget:
        if self.gpu_hours is None and self.core_hours is None:
            raise ValueError("give gpu_hours or core_hours")
        return self

    def exceeded(self, hours: Hours) -> str | None:
        """The field that so many hours are too many for, with its value."""
        limits = {"gpu_hours": (self.gpu_hours, hours.gpu), "core_hours": (self.core_hours, hours.core)}
        return next((f"{name} {limit:g}" for name, (limit, used) in limits.items() if limit and used > limit), None)


class Account:
    """What a study has used, with one run of it that is on its way."""

    def __init__(self, store: Store, study: str, run: str, budget: Budget, held: Callable[[], Hours]) -> None:
        """``held``: what this run has held so far."""
        self._store, self._budget, self._held = store, budget, held
        self._path, self._noted = f"spent/{study}/{run}.json", time.monotonic()
        self.before = spent(store, study)
        """By earlier runs."""

    def check(self, left: Hours | None) -> None:
        """Before anything starts. Raises ``UserError`` when what is spent and what is ``left`` to do is too much."""
        exceeded = self._budget.exceeded(self.before.plus(left or Hours()))
        if exceeded is not None:
            what = f"{self.before} are spent" + (f", and what is left takes about {left}" if left else "")
            raise UserError(f"{what}: that is more than {exceeded}", "budget", "raise it, or ask for less")

    def note(self) -> None:
        """Write down what is held."""
        self._noted = time.monotonic()
        self._store.put(self._path, as_json(self._held()._asdict()))

    def look(self) -> None:
        """On the way, as often as one likes. Raises ``UserError`` when the budget is used up."""
        if time.monotonic() - self._noted > EVERY:
            self.note()
        exceeded = self._budget.exceeded(self.before.plus(self._held()))
        if exceeded is not None:
            fix = "raise it, and the same command goes on from here"
            raise UserError(f"{exceeded} are used up", "budget", fix)


def spent(store: Store, study: str) -> Hours:
    """What the runs of a study have held."""
    total = Hours()
    for path in store.names(f"spent/{study}"):
        total = total.plus(Hours(**(store.get_json(path) or {})))
    return total


def left(plan: Plan, lock: Lock, store: Store, complete: Collection[str]) -> Hours | None:
    """About what the training that is left will hold; None where nothing has been done to measure it by.

    FLOPs (``cost``) over those that a rank did in a second in the plan's phases that are ``complete``: the median, of
    the same model where there is one. Evaluations and the start of workers come on top.
    """
    rates: dict[str, list[float]] = {}
    for key in list(complete)[:SAMPLE]:
        record, planned = store.get_json(records.record_path(key)) or {}, plan.phases[key]
        done = cost(planned.phase, planned.model, 0, lock).flops * record.get("steps", 0) / planned.phase.steps
        if done and record.get("seconds"):
            rates.setdefault(planned.model, []).append(done / (record["seconds"] * record["ranks"]))
    if not rates:
        return None
    anywhere, total = median(rate for found in rates.values() for rate in found), Hours()
    for key, planned in plan.phases.items():
        if key not in complete:
            rate = median(rates[planned.model]) if planned.model in rates else anywhere
            hours = cost(planned.phase, planned.model, 0, lock).flops / rate / HOUR
            per_rank = planned.resources.per_rank
            total = total.plus(Hours(hours * per_rank.gpu, 0.0 if per_rank.gpu else hours * per_rank.cpu))
    return total
