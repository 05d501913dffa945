"""Which phases come first when lanes are few."""

from __future__ import annotations

from pathlib import Path

from tests.unit.study.made import phases, planned, whole_lock
from xfer.study.urgency import urgencies

TUNE = "{learning_rate: [1e-3, 1e-4], seeds: [1], targets: [udpos]}"


def test_the_longest_chain_comes_first_and_then_the_order_of_the_plan(tmp_path: Path) -> None:
    longer = "{default: {steps: 8, batch_size: 16, learning_rate: 1e-3, max_length: 32, precision: fp32},"
    longer += " override: [{where: {task: udpos}, steps: 80}]}"
    plan = planned(tmp_path, seeds="[11]", recipe=longer)
    urgency = urgencies(plan, whole_lock())
    queue = sorted(plan.phases, key=lambda key: -urgency[key])
    parents = [phases(plan, "intermediate", name)[0].key for name in ("mnli", "snli")]
    assert queue[:2] == parents, "their chains end in udpos"
    long = {phase.key for phase in phases(plan, "target", "udpos")}
    assert queue[2:5] == [key for key in plan.phases if key in long]
    assert queue[5:] == [key for key in plan.phases if key not in long and key not in parents]


def test_what_a_choice_waits_for_comes_before_everything_else(tmp_path: Path) -> None:
    plan = planned(tmp_path, tune=TUNE)
    urgency = urgencies(plan, whole_lock())
    trials = {key for key, held in plan.phases.items() if "trial" in held.roles}
    assert trials and min(urgency[key] for key in trials) > max(urgency[key] for key in plan.phases.keys() - trials)
