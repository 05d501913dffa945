"""``xfer plan``: what will be trained, what is there already, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.cli.arguments import StudyPath
from cluster.cli.output import short, show, size

if TYPE_CHECKING:
    from xfer.study.opening import Opened
    from xfer.study.state import State


SHOWN = 5
"""Near misses that are told."""


def plan(
    study: StudyPath,
    why: Annotated[
        str | None, typer.Option(metavar="KEY", help="Explain one phase: its payload and its state.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the study's phases with their cost. Needs the study and its lock, no data."""
    from xfer.study.opening import open_study

    opened = open_study(study)
    if why is not None:
        _explain(opened, why)
        return
    rows = _rows(opened)
    if as_json:
        print(json.dumps({"study": opened.plan.study, "phases": rows, "total": _total(opened, rows)}, indent=1))
        return
    _print(opened, rows)


def _rows(opened: Opened) -> list[dict[str, Any]]:
    from xfer.study import state

    plan = opened.plan
    found = state.of_phases(opened.store, plan.phases)
    again = state.again(opened.store, plan, state.needs(plan, str(opened.study.path)), found)
    return [_row(opened, key, found[key], key in again) for key in plan.phases]


def _row(opened: Opened, key: str, found: State, again: bool) -> dict[str, Any]:
    from xfer.study.cost import cost

    planned = opened.plan.phases[key]
    phase = planned.phase
    spent = cost(phase, planned.model, len(planned.rules), opened.lock)
    return {
        "key": key if planned.decided else None,
        "roles": sorted(planned.roles),
        "trains_on": [data.title for data in phase.trains_on],
        "model": planned.model,
        "parent": phase.start.phase or None,
        "seed": phase.seed,
        "learning_rate": phase.recipe.learning_rate if planned.decided else None,
        "steps": spent.steps,
        "tokens": spent.tokens,
        "flops": spent.flops,
        "disk": spent.disk,
        "stays": spent.disk if opened.study.keep.stays(planned.roles) else 0,
        "cells": planned.cells,
        "state": _state(found, again) if planned.decided else "undecided",
        "damage": [problem for _, problem in found.damaged],
    }


def _state(found: State, again: bool) -> str:
    if not found.complete:
        return "damaged" if found.damaged else "new"
    return "again" if again else "cached, no weights" if found.weightless else "cached"


def outlook(study: Path) -> str:
    """What a study costs at most at a place whose storage is not seen from here."""
    from xfer.study.cost import cost
    from xfer.study.opening import open_study

    opened = open_study(study)
    phases = opened.plan.phases.values()
    spent = [cost(held.phase, held.model, len(held.rules), opened.lock) for held in phases]
    stays = sum(one.disk for one, held in zip(spent, phases, strict=True) if opened.study.keep.stays(held.roles))
    steps, flops = sum(one.steps for one in spent), sum(one.flops for one in spent)
    return (
        f"at most {len(spent)} phases: {steps} steps, {short(sum(one.tokens for one in spent))} tokens, "
        f"{short(flops)} FLOPs, {_disk(sum(one.disk for one in spent), stays)}; "
        f"{len(opened.plan.evaluations)} evaluations for {len(opened.plan.cells)} cells"
        + (f"; {_drawn(trials)}" if (trials := _unknown(opened))["number"] else "")
    )


def _unknown(opened: Opened) -> dict[str, Any]:
    """Trials whose values are drawn while the study runs, and what they cost at most."""
    from xfer.study.cost import Cost, unknown

    plan = opened.plan
    found = [unknown(experiment, plan.phases, opened.lock) for experiment in plan.open_experiments()]
    spent = sum((cost for _, cost in found), Cost())
    number = sum(number for number, _ in found)
    return {"number": number, "steps": spent.steps, "tokens": spent.tokens, "flops": spent.flops, "disk": spent.disk}


def _drawn(trials: dict[str, Any]) -> str:
    return (
        f"{trials['number']} trials whose values are not known yet: at most {trials['steps']} steps more, "
        f"{short(trials['tokens'])} tokens, {short(trials['flops'])} FLOPs, {size(trials['disk'])} of checkpoints"
    )


def _total(opened: Opened, rows: list[dict[str, Any]]) -> dict[str, Any]:
    new = [row for row in rows if not row["state"].startswith("cached")]
    sums = {name: sum(row[name] for row in new) for name in ("steps", "tokens", "flops", "disk", "stays")}
    return {
        "phases": len(rows),
        "new": len(new),
        "evaluations": len(opened.plan.evaluations),
        "cells": len(opened.plan.cells),
        **sums,
        "trials": _unknown(opened),
    }


def _print(opened: Opened, rows: list[dict[str, Any]]) -> None:
    numbers = ("seed", "steps", "tokens", "FLOPs", "disk", "stays", "cells")
    show(("key", "role", "trains on", "from", *numbers, "state"), [_line(row) for row in rows], numbers)
    total = _total(opened, rows)
    print(
        f"{total['phases']} phases, {total['new']} to train: {total['steps']} steps, {short(total['tokens'])} tokens, "
        f"{short(total['flops'])} FLOPs, {_disk(total['disk'], total['stays'])}; "
        f"{total['evaluations']} evaluations for {total['cells']} cells"
    )
    if opened.lock.is_published:
        print("rows are those published, and nothing was read: every input is counted at its longest")
    _print_hours(opened, rows)
    for row in rows:
        for problem in row["damage"]:
            print(f"damaged, counts as absent: {row['key']}: {problem}")
    if any(row["state"] == "again" for row in rows):
        print("again: it is done, but its weights are not here, and what is to be done begins with them")
    waiting = opened.plan.open_experiments()
    if waiting:
        names = [name for one in waiting for name in (one.sought.arms if one.sought else ()) or (one.target,)]
        print(f"undecided until their trials have run: {', '.join(names)}")
    if total["trials"]["number"]:
        print(_drawn(total["trials"]))


def _print_hours(opened: Opened, rows: list[dict[str, Any]]) -> None:
    from xfer.study.budget import left, spent

    complete = [row["key"] for row in rows if row["state"].startswith("cached")]
    rest = left(opened.plan, opened.lock, opened.store, complete)
    if rest is not None and len(complete) < len(rows):
        print(f"training takes about {rest} more, by what has been trained here")
    if opened.study.budget is not None:
        limits = opened.study.budget.model_dump(exclude_none=True)
        told = " and ".join(f"{name} {limit:g}" for name, limit in limits.items())
        print(f"budget: {told}; spent: {spent(opened.store, opened.study.study)}")


def _disk(written: int, stays: int) -> str:
    return f"{size(written)} of checkpoints" + (
        f", of which {size(stays) if stays else 'none'} stays" if stays < written else ""
    )


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["key"] or "-", "+".join(row["roles"]), " + ".join(row["trains_on"]), row["parent"] or row["model"],
        str(row["seed"]), str(row["steps"]), short(row["tokens"]), short(row["flops"]), size(row["disk"]),
        size(row["stays"]), str(row["cells"]), row["state"] + (", shared" if row["cells"] > 1 else ""),
    )  # fmt: skip


def _explain(opened: Opened, key: str) -> None:
    from xfer.errors import UserError
    from xfer.fingerprint import plain
    from xfer.store import marks, records
    from xfer.study import state
    from xfer.study.misses import near_misses

    matching = [known for known in opened.plan.phases if known.startswith(key)]
    if len(matching) != 1:
        what = f"{len(matching)} phases of this plan have a key that starts with '{key}'"
        raise UserError(what, "--why", f"keys: {', '.join(opened.plan.phases)}")
    planned = opened.plan.phases[matching[0]]
    found = state.of_phase(opened.store, planned)
    print(f"{matching[0]}: {'in the store' if found.complete else 'to be trained'} ({opened.store.url})")
    for rule in sorted(found.weightless):
        record = opened.store.get_json(records.selection_path(matching[0], rule)) or {}
        print(f"  without weights by {rule}: {marks.why(opened.store, record)}")
    for _, problem in found.damaged:
        print(f"  counts as absent: {problem}")
    if not found.complete and not found.damaged:
        print("  no record of it: nothing with exactly this payload has been trained here")
        for miss in near_misses(opened.store, planned.phase)[:SHOWN]:
            print(f"  near: {miss.phase} is the same but {'; '.join(map(str, miss.differences))}")
    print(
        f"  serves {planned.cells} cells as {'+'.join(sorted(planned.roles))}; checkpoints: {', '.join(planned.rules)}"
    )
    print(json.dumps(plain(planned.phase), indent=1, sort_keys=True, ensure_ascii=False))
