"""What of a plan is in the store already: complete, absent, or damaged. Torch-free."""

from __future__ import annotations

from typing import NamedTuple

from xfer.store import experiments, parts, records, studies
from xfer.store.store import Store
from xfer.study.plan import Decisions, Plan, Planned


class State(NamedTuple):
    """Of a phase with all the selections that a plan needs of it, or of a part of an evaluation."""

    complete: bool
    damaged: tuple[tuple[str, str], ...]
    """Records whose files do not match: path and what is wrong. They count as absent."""


def of_phase(store: Store, planned: Planned) -> State:
    """A phase's record and those of its selections, with every file's checksum."""
    found = [(path, *records.read(store, path)) for path in _records(planned)]
    damaged = tuple((path, problem) for path, _, problem in found if problem is not None)
    return State(all(record is not None for _, record, _ in found), damaged)


def on_record(store: Store, planned: Planned) -> bool:
    """Whether all of a phase's records are there, unchecked: cheap enough to ask again and again."""
    return all(store.size(path) is not None for path in _records(planned))


def _records(planned: Planned) -> list[str]:
    phase = planned.phase.key
    return [records.record_path(phase), *(records.selection_path(phase, rule) for rule in planned.rules)]


def evaluations_held(store: Store, group: str) -> tuple[set[str], tuple[tuple[str, str], ...]]:
    """Keys of the evaluations that a group's parts hold, and the damaged records among them."""
    held: set[str] = set()
    damaged = []
    for path, record, problem in parts.each(store, group):
        if problem is not None:
            damaged.append((path, problem))
        elif record is not None:
            held |= set(record["evaluations"])
    return held, tuple(damaged)


def decisions(store: Store, plan: Plan) -> Decisions:
    """The decisions that the store holds for a plan's experiments."""
    found = {experiment.key: experiments.read(store, experiment.key) for experiment in plan.experiments}
    return {key: decision["values"] for key, decision in found.items() if decision is not None}


def needs(plan: Plan, file: str) -> studies.Needs:
    """What a study needs of its store: all of its plan, but no trials of a choice that has been made."""
    phases = {key for cell in plan.cells for key in cell.phases}
    evaluations = {key for cell in plan.cells for key in cell.evaluations}
    trials = {key for e in plan.experiments for trial in e.trials for cell in trial.cells for key in cell.phases}
    for experiment in plan.open_experiments():
        for trial in experiment.trials:
            phases |= {key for cell in trial.cells for key in cell.phases}
            evaluations |= {cell.evaluation for cell in trial.cells}
    groups: dict[str, list[str]] = {}
    for key in sorted(evaluations):
        groups.setdefault(plan.evaluations[key].group, []).append(key)
    return studies.Needs(
        study=plan.study,
        file=file,
        phases={key: tuple(sorted(plan.phases[key].rules)) for key in sorted(phases)},
        evaluations={group: tuple(keys) for group, keys in groups.items()},
        experiments=tuple(experiment.key for experiment in plan.experiments),
        trials=tuple(sorted(trials - phases)),
    )
