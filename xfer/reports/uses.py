"""What the phases of a plan are for: whose pretraining, which arm's intermediate phase, which target's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xfer.phase.phase import Phase
from xfer.study.fields import Role
from xfer.study.plan import Cell, Plan


@dataclass(frozen=True)
class Use:
    """One cell's use of a phase, seeds left out."""

    role: Role
    name: str
    """Of the model that is pretrained, of the arm, or of the target."""
    model: str
    phase: Phase


def uses(plan: Plan) -> tuple[Use, ...]:
    """Every use once, in the grid's order: of the phases that differ in their seed alone, the first one."""
    found: dict[tuple[Role, str, str, str], Use] = {}
    for cell in plan.cells:
        for role, name, key in _of(cell, plan):
            phase = plan.phases[key].phase
            place = (role, name, cell.model, phase.name)
            found.setdefault(place, Use(role, name, cell.model, phase))
    return tuple(found.values())


def _of(cell: Cell, plan: Plan) -> Iterator[tuple[Role, str, str]]:
    keys = list(cell.phases)
    if keys and "pretrain" in plan.phases[keys[0]].roles:
        yield "pretrain", cell.model, keys.pop(0)
    # Whether the last one is the target's own is the task's to say: a phase can be an arm's and a target's at once.
    head = next((plan.evaluations[key].head for key in cell.evaluations), "")
    last = keys.pop() if head else None
    for key in keys:
        yield "intermediate", cell.arm, key
    if last:
        yield "target", cell.target, last
