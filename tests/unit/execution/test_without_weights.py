"""Who asks for weights, and who does not: a study is walked by a lane that trains in no time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.execution.walking import MORE, NONE, Lane, plan_of, states, walk, weights
from tests.unit.study.made import phases
from xfer.execution.ensure import TRIES
from xfer.reports.views import Views
from xfer.store import dropping, studies
from xfer.store.store import Store
from xfer.study import state
from xfer.study.plan import Plan

INTERMEDIATE = "{weights: intermediate}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "runs"))


@pytest.fixture
def lane(store: Store) -> Lane:
    return Lane(store)


def lose(store: Store, plan: Plan) -> None:
    """Drop all weights of a study that no longer runs."""
    for key, held in plan.phases.items():
        dropping.drop(store, key, list(held.rules), "enough", set)


def told(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]


def test_by_default_all_weights_stay(tmp_path: Path, store: Store, lane: Lane) -> None:
    unfinished, events = walk(tmp_path, store, lane)
    assert unfinished == 0 and len(lane.trained) == 3
    assert weights(store) == set(plan_of(tmp_path).phases) and told(events, "dropped") == []
    entry = studies.of(store, "small")
    assert entry is not None and entry.weights is None


@pytest.mark.parametrize("keep", [NONE, INTERMEDIATE])
def test_weights_go_after_their_last_use_and_nothing_is_trained_or_evaluated_again(
    tmp_path: Path, store: Store, lane: Lane, keep: str
) -> None:
    plan = plan_of(tmp_path)
    stay = {phase.key for phase in phases(plan, "intermediate", "snli")} if keep == INTERMEDIATE else set()
    unfinished, events = walk(tmp_path, store, lane, keep=keep)
    assert unfinished == 0 and sorted(lane.trained) == sorted(plan.phases)
    assert len(lane.evaluated) == len(set(lane.evaluated)) == len(plan.evaluations)
    assert weights(store) == stay
    assert {event["phase"] for event in told(events, "dropped")} == set(plan.phases) - stay
    entry = studies.of(store, "small")
    assert entry is not None and entry.weights == dict.fromkeys(stay, ("last",))
    unfinished, events = walk(tmp_path, store, lane, keep=keep)
    assert unfinished == 0 and lane.trained == lane.evaluated == []
    (study,) = told(events, "study")
    assert (study["cached"], study["steps"]) == (3, 0) and told(events, "dropped") == []


def test_a_parents_weights_stay_until_its_last_child_is_trained(tmp_path: Path, store: Store, lane: Lane) -> None:
    seen: list[tuple[str, bool]] = []
    (parent,) = (phase.key for phase in phases(plan_of(tmp_path, targets=MORE), "intermediate", "snli"))
    lane.before = lambda job: seen.append((getattr(job, "start", ""), parent in weights(store)))
    assert walk(tmp_path, store, lane, targets=MORE, keep=NONE)[0] == 0
    starts = [there for start, there in seen if parent in start]
    assert starts == [True, True] and weights(store) == set()


def test_where_weights_were_lost_on_purpose_nothing_is_done(tmp_path: Path, store: Store, lane: Lane) -> None:
    walk(tmp_path, store, lane)
    lose(store, plan_of(tmp_path))
    assert states(store, plan_of(tmp_path)) == {"without weights"}
    unfinished, events = walk(tmp_path, store, lane)
    assert unfinished == 0 and lane.trained == lane.evaluated == [] and told(events, "again") == []


def test_a_new_target_trains_again_what_it_begins_with_and_nothing_else(
    tmp_path: Path, store: Store, lane: Lane
) -> None:
    walk(tmp_path, store, lane, keep=NONE)
    before, after = plan_of(tmp_path), plan_of(tmp_path, targets=MORE)
    (parent,) = (phase.key for phase in phases(after, "intermediate", "snli"))
    needs = state.needs(after, "study.yaml")
    found = {key: state.of_phase(store, held) for key, held in after.phases.items()}
    assert state.again(store, after, needs, found) == {parent}
    unfinished, events = walk(tmp_path, store, lane, targets=MORE, keep=NONE)
    new = set(after.phases) - set(before.phases)
    assert unfinished == 0 and set(lane.trained) == new | {parent} and len(lane.trained) == 3
    assert [event["phase"] for event in told(events, "again")] == [parent]
    (study,) = told(events, "study")
    assert (study["cached"], study["steps"]) == (2, 3 * 8)
    assert {after.evaluations[key].data.task for key in lane.evaluated} == {"pawsx"}
    assert weights(store) == set() and states(store, after) == {"without weights"}
    attempts = {row["phase"]: row["attempt"] for row in Views(after, store).attempts().to_pylist()}
    assert {key for key, number in attempts.items() if number == 2} == {parent}
    walk(tmp_path, store, lane, targets=MORE, keep=NONE)
    assert lane.trained == []


def test_a_new_evaluation_trains_its_checkpoint_again_and_what_that_begins_with(
    tmp_path: Path, store: Store, lane: Lane
) -> None:
    fewer = "[{tasks: all, languages: [en, de], splits: [test]}]"
    walk(tmp_path, store, lane, evaluate=fewer, keep=INTERMEDIATE)
    plan = plan_of(tmp_path)
    (parent,) = (phase.key for phase in phases(plan, "intermediate", "snli"))
    walk(tmp_path, store, lane, keep=INTERMEDIATE)
    assert sorted(lane.trained) == sorted(set(plan.phases) - {parent}), "the parent has its weights"
    lose(store, plan)
    store.delete(*(name for name in store.names("evaluations") if name.endswith(".json")))
    walk(tmp_path, store, lane, keep=NONE)
    assert sorted(lane.trained) == sorted(plan.phases) and weights(store) == set()


def test_while_weights_are_made_again_the_record_stands(tmp_path: Path, store: Store, lane: Lane) -> None:
    walk(tmp_path, store, lane, keep=NONE)
    plan, seen = plan_of(tmp_path), set[str]()
    lane.before = lambda job: seen.update(states(store, plan))
    walk(tmp_path, store, lane, targets=MORE, keep=NONE)
    assert "absent" not in seen


def test_a_damaged_checkpoint_is_trained_again_and_asks_for_its_parents_weights(
    tmp_path: Path, store: Store, lane: Lane
) -> None:
    walk(tmp_path, store, lane)
    plan = plan_of(tmp_path)
    (parent,) = (phase.key for phase in phases(plan, "intermediate", "snli"))
    (child,) = (key for key, held in plan.phases.items() if held.phase.start.phase == parent)
    dropping.drop(store, parent, ["last"], "enough", set)
    (harmed,) = (name for name in store.names(f"phases/{child}") if name.endswith("safetensors"))
    store.put(harmed, b"?")
    unfinished, events = walk(tmp_path, store, lane)
    assert unfinished == 0 and lane.trained == [parent, child] and lane.evaluated == []
    assert len(told(events, "damaged")) == 1 and weights(store) == set(plan.phases)


def test_weights_that_go_while_a_job_begins_are_made_again(tmp_path: Path, store: Store, lane: Lane) -> None:
    """As when another study has looked at the list just before this one entered it."""
    plan = plan_of(tmp_path)
    (parent,) = (phase.key for phase in phases(plan, "intermediate", "snli"))
    jobs: list[str] = []

    def strike(job: Any) -> None:
        kind = type(job).__name__
        if parent in getattr(job, "start", "") or parent in getattr(job, "subject", ""):
            if kind not in jobs:
                dropping.drop(store, parent, ["last"], "enough", set)
            jobs.append(kind)

    lane.before = strike
    assert walk(tmp_path, store, lane)[0] == 0
    assert sorted(jobs) == ["Evaluate", "Evaluate", "Train", "Train"]
    assert lane.trained.count(parent) in (2, 3), "one repetition may serve both"
    assert weights(store) == set(plan.phases)


def test_weights_that_cannot_be_made_again_fail_what_begins_with_them_once(
    tmp_path: Path, store: Store, lane: Lane
) -> None:
    walk(tmp_path, store, lane, keep=NONE)
    more = "[xnli, tatoeba, pawsx, udpos]"
    plan = plan_of(tmp_path, targets=more)
    (parent,) = (phase.key for phase in phases(plan, "intermediate", "snli"))
    lane.fails = {parent}
    unfinished, events = walk(tmp_path, store, lane, targets=more, keep=NONE)
    assert unfinished == 2 and lane.trained.count(parent) == 1
    failed = told(events, "failed")
    assert [event["why"] for event in failed] == [f"{parent}, which it starts from: out of memory"] * 2
    cells = {(c["arm"], c["target"]): c["state"] for c in Views(plan, store).cells().to_pylist()}
    assert {place for place, state in cells.items() if state == "failed"} == {("snli", "pawsx"), ("snli", "udpos")}
    assert set(cells.values()) == {"failed", "done"}, "what is evaluated is done"
    entry = studies.of(store, "small")
    assert entry is not None and set(entry.weights or {}) == {parent} | {event["phase"] for event in failed}
    lane.fails = ()
    assert walk(tmp_path, store, lane, targets=more, keep=NONE)[0] == 0 and weights(store) == set()


def test_a_cell_that_failed_keeps_what_it_begins_with(tmp_path: Path, store: Store, lane: Lane) -> None:
    plan = plan_of(tmp_path)
    (parent,) = (phase.key for phase in phases(plan, "intermediate", "snli"))
    (child,) = (key for key, held in plan.phases.items() if held.phase.start.phase == parent)
    lane.fails = {child}
    assert walk(tmp_path, store, lane, keep=NONE)[0] == 1
    assert weights(store) == {parent}


def test_evaluations_that_break_off_are_tried_again_and_then_fail(tmp_path: Path, store: Store, lane: Lane) -> None:
    def strike(job: Any) -> None:
        if phase := getattr(job, "subject", "").partition("/attempts")[0].removeprefix("phases/"):
            dropping.drop(store, phase, ["last"], "enough", set)

    lane.before = strike
    unfinished, events = walk(tmp_path, store, lane)
    assert unfinished == 3, "all but what is evaluated on the model itself"
    assert all("there is no" in event["why"] for event in told(events, "failed"))
    assert max(lane.trained.count(key) for key in lane.trained) > TRIES
