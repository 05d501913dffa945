"""Which phases come first when lanes are few."""

from __future__ import annotations

from pathlib import Path

from tests.unit.study.made import phases, planned, whole_lock
from xfer.study.cost import cost
from xfer.study.urgency import urgencies

TUNE = "{learning_rate: [1e-3, 1e-4], seeds: [1], targets: [udpos]}"


def test_a_phase_is_as_urgent_as_the_longest_chain_that_begins_with_it(tmp_path: Path) -> None:
    plan = planned(tmp_path, seeds="[11]")
    urgency = urgencies(plan, whole_lock())
    flops = {key: cost(held.phase, held.model, 0, whole_lock()).flops for key, held in plan.phases.items()}
    (parent,) = (phase.key for phase in phases(plan, "intermediate", "snli"))
    children = [key for key, held in plan.phases.items() if held.phase.start.phase == parent]
    assert len(children) == 2 and urgency[parent] == flops[parent] + max(flops[key] for key in children)
    assert all(urgency[key] == flops[key] > 0 for key in children)


def test_what_a_choice_waits_for_comes_before_everything_else(tmp_path: Path) -> None:
    plan = planned(tmp_path, tune=TUNE)
    urgency = urgencies(plan, whole_lock())
    trials = {key for key, held in plan.phases.items() if "trial" in held.roles}
    assert trials and min(urgency[key] for key in trials) > max(urgency[key] for key in plan.phases.keys() - trials)
