"""Which phases come first when lanes are few: those that the longest chain of work begins with."""

from __future__ import annotations

from collections import defaultdict

from xfer.study.cost import cost
from xfer.study.lock import Lock
from xfer.study.plan import Plan


def urgencies(plan: Plan, lock: Lock) -> dict[str, float]:
    """By phase: FLOPs from its first step to the end of the longest chain that begins with it.

    What a choice waits for comes before everything else: all that follows from the choice waits, too.
    """
    urgency: dict[str, float] = {}
    after: defaultdict[str, float] = defaultdict(float)
    for key, planned in reversed(list(plan.phases.items())):  # parents are planned before their children
        urgency[key] = cost(planned.phase, planned.model, 0, lock).flops + after[key]
        parent = planned.phase.start.phase
        after[parent] = max(after[parent], urgency[key])
    first = max(urgency.values(), default=0.0)
    trials = {k for e in plan.open_experiments() for trial in e.trials for cell in trial.cells for k in cell.phases}
    return {key: value + (first if key in trials else 0.0) for key, value in urgency.items()}
