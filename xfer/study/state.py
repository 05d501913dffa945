"""What of a plan is in the store already: complete, with weights or without; absent; or damaged. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from xfer.phase.selection import Selection
from xfer.store import experiments, parts, records, studies
from xfer.store.store import Store
from xfer.study.plan import Decisions, Plan, Planned, Tried


class State(NamedTuple):
    """Of a phase with all the selections that a plan needs of it."""

    complete: bool
    """With or without weights: tables need none."""
    damaged: tuple[tuple[str, str], ...]
    """Records whose files do not match: path and what is wrong. They count as absent."""
    weightless: frozenset[str]
    """Keys of the rules whose selections' weights are not there on purpose."""


ABSENT = State(False, (), frozenset())


def of_phase(store: Store, planned: Planned) -> State:
    """A phase's record and those of its selections, with every file's checksum."""
    found = [(path, *records.read(store, path)) for path in _records(planned)]
    damaged = tuple((path, problem) for path, _, problem in found if problem is not None)
    weightless = {
        rule
        for rule, (_, record, _) in zip(planned.rules, found[1:], strict=True)
        if record is not None and records.weightless(store, record)
    }
    return State(all(record is not None for _, record, _ in found), damaged, frozenset(weightless))


def of_phases(store: Store, phases: Mapping[str, Planned]) -> dict[str, State]:
    """The same of many phases, by key: those that nobody has begun are told apart by one listing."""
    begun = set(store.children("phases"))
    return {key: of_phase(store, planned) if key in begun else ABSENT for key, planned in phases.items()}


def on_record(store: Store, planned: Planned, rule: str = "") -> bool:
    """Whether all of a phase's records are there, and the weights of ``rule`` if one is given.

    Unchecked: cheap enough to ask again and again.
    """
    there = all(store.size(path) is not None for path in _records(planned))
    return there and (not rule or _has_weights(store, planned.phase.key, rule))


def has_weights(store: Store, selection: Selection) -> bool:
    """Whether a checkpoint's files are there; their checksums are asked for only where weights were dropped once."""
    return not selection.phase or _has_weights(store, selection.phase, selection.rule.key)


def _has_weights(store: Store, phase: str, rule: str) -> bool:
    record = store.get_json(records.selection_path(phase, rule))
    if record is None or records.weightless(store, record):
        return False
    return all(store.size(path) == file["bytes"] for path, file in record.get("files", {}).items())


def _records(planned: Planned) -> list[str]:
    phase = planned.phase.key
    return [records.record_path(phase), *(records.selection_path(phase, rule) for rule in planned.rules)]


def again(store: Store, plan: Plan, needs: studies.Needs, found: Mapping[str, State]) -> set[str]:
    """Phases that are complete and have to be trained again all the same: they lack weights that something else to be
    trained, or an evaluation to be made, begins with. ``found`` holds every phase of ``needs``."""
    wanted: set[tuple[str, str]] = set()
    for group, keys in needs.evaluations.items():
        subject = plan.evaluations[keys[0]].subject
        lacks = subject.phase in found and subject.rule.key in found[subject.phase].weightless
        if lacks and not set(keys) <= evaluations_held(store, group)[0]:
            wanted.add((subject.phase, subject.rule.key))
    repeated = set()
    for key in reversed(list(plan.phases)):  # what is trained last comes first
        if key not in needs.phases:
            continue
        state = found[key]
        is_wanted = any((key, rule) in wanted for rule in state.weightless)
        if is_wanted or not state.complete:
            start = plan.phases[key].phase.start
            wanted.add((start.phase, start.rule.key))
        if is_wanted and state.complete:
            repeated.add(key)
    return repeated


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


def tried(store: Store, plan: Plan) -> Tried:
    """The trials that the store knows of, of experiments whose trials are not known beforehand."""
    return {e.key: experiments.tried(store, e.key) for e in plan.experiments if e.sought is not None}


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
