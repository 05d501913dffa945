"""Preparation off the critical path: large data sets are tokenised, and models fetched, while others train.

On every node that has a lane, a process of low priority fills the node's cache in the order in which the plan asks.
Whoever comes to a set before it does makes it, or waits for it, as always.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from xfer.errors import XferError
from xfer.evaluation.prepared import Preparation
from xfer.execution.jobs import Site
from xfer.models.base import Base
from xfer.models.spec import ModelSpec
from xfer.phase.data_set import DataSet
from xfer.study.plan import Plan
from xfer.tasks.registry import Registry

ROWS = 5_000
"""Rows of a set that is worth it: fewer are tokenised in the time that a process takes to start."""

PRIORITY = 19
"""The lowest: whoever trains comes first."""


class Ahead(NamedTuple):
    """A data set that some job will want at this length."""

    model: ModelSpec
    data: DataSet
    max_length: int


def wanted(plan: Plan) -> tuple[Ahead, ...]:
    """The large data sets of a plan, what is trained on before what is evaluated."""
    found: dict[tuple[str, DataSet, int], None] = {}
    for planned in plan.phases.values():
        looked_at = [data for rule in planned.rules.values() for data in rule.on]
        for data in (*planned.phase.trains_on, *looked_at):
            found[planned.model, data, planned.phase.recipe.max_length] = None
    for cell in plan.cells:
        for evaluation in (plan.evaluations[key] for key in cell.evaluations):
            found[cell.model, evaluation.data, evaluation.max_length] = None
    return tuple(Ahead(plan.models[model], data, length) for model, data, length in found if data.rows >= ROWS)


@contextmanager
def preparing(site: Site, sets: Sequence[Ahead]) -> Iterator[None]:
    """Prepare these in a process beside this one, for as long as the block takes at most."""
    if not sets:
        yield
        return
    command = [sys.executable, "-P", "-m", "xfer.execution.ahead"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        fresh = Registry(site.registry.own, site.registry.world)  # tasks that are loaded do not travel
        pickle.dump((replace(site, registry=fresh), tuple(sets)), process.stdin)
        process.stdin.close()
        try:
            yield
        finally:
            process.kill()


class Preparations:
    """Preparation by model; bases and tokenised data stay with this process from job to job."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._made: dict[str, Preparation] = {}

    def of(self, model: ModelSpec) -> Preparation:
        """The preparation for a model, which is fetched if need be."""
        if model.name not in self._made:
            folder, site = None, self._site
            if model.tokenizer is None:
                folder, _ = site.roots.model_folder(model.name, model.revision, site.folder)
            self._made[model.name] = Preparation(site.data, site.registry, Base(model, folder))
        return self._made[model.name]


def main() -> None:
    parent = os.getppid()
    os.nice(PRIORITY)
    site, sets = pickle.load(sys.stdin.buffer)  # from the process that has started this one
    preparations = Preparations(site)
    for ahead in sets:
        if os.getppid() != parent:
            return
        try:
            preparations.of(ahead.model).prepare(ahead.data, ahead.max_length)
        except XferError:  # told by the job that needs it
            continue


if __name__ == "__main__":
    main()
