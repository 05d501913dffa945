"""Which phases come first when lanes are few: those that the longest chain of work begins with."""

from __future__ import annotations

from collections import defaultdict

from xfer.study.cost import cost
from xfer.study.lock import Lock
from xfer.study.plan import Plan


def urgencies(plan: Plan, lock: Lock) -> dict[str, float]:
    """By phase: its place in the queue, larger ones first. They go by the FLOPs from a phase's first step to the end of
    the longest chain that begins with it, and by their order in the plan where these are the same.

    What a choice waits for comes before everything else: all that follows from the choice waits, too.
    """
    ahead: dict[str, float] = {}
    after: defaultdict[str, float] = defaultdict(float)
    for key, planned in reversed(list(plan.phases.items())):  # parents are planned before their children
        ahead[key] = cost(planned.phase, planned.model, 0, lock).flops + after[key]
        parent = planned.phase.start.phase
        after[parent] = max(after[parent], ahead[key])
    trials = {k for e in plan.open_experiments() for trial in e.trials for cell in trial.cells for k in cell.phases}
    queue = sorted(ahead, key=lambda key: (key in trials, ahead[key]))  # the last of the plan first, where equal
    return {key: float(place) for place, key in enumerate(queue)}
