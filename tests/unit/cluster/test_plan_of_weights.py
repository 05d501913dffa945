"""``xfer plan`` where weights were dropped: what is there without them, what is trained again, what disk stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cluster.test_cli import written, xfer
from tests.unit.store.stocked import train
from tests.unit.study.made import whole_lock
from tests.unit.study.test_state import evaluate
from xfer.store import dropping
from xfer.study import lock as locks
from xfer.study.opening import Opened, open_study

FIELDS = {"seeds": "[1]", "arms": "[none, snli]", "targets": "[xnli]", "keep": "{weights: intermediate}"}
ROLES = ("intermediate", "target")


def planned(path: Path) -> tuple[dict[str, list[str]], dict[str, Any], str]:
    """States by role, the whole as JSON, and what is printed."""
    found = json.loads(xfer("plan", path, "--json").stdout)
    states = {role: [row["state"] for row in found["phases"] if row["roles"] == [role]] for role in ROLES}
    return states, found, xfer("plan", path).stdout


@pytest.fixture
def dropped(tmp_path: Path) -> Opened:
    """A study of which no weights are left; its evaluations are held."""
    path = written(tmp_path, **FIELDS)
    locks.write(locks.path_of(path), whole_lock())
    opened = open_study(path)
    for key, held in opened.plan.phases.items():
        train(opened.store, key, dict.fromkeys(held.rules, 8))
        dropping.drop(opened.store, key, list(held.rules), "they were not fetched", set)
    evaluate(opened.store, opened.plan)
    return opened


def test_before_anything_is_trained_the_disk_that_stays_stands_beside_the_disk_that_is_written(tmp_path: Path) -> None:
    path = written(tmp_path, **FIELDS)
    locks.write(locks.path_of(path), whole_lock())
    states, found, printed = planned(path)
    assert states == {"intermediate": ["new"], "target": ["new"] * 2}
    assert {(*row["roles"], row["disk"], row["stays"]) for row in found["phases"]} == {
        ("intermediate", 4000, 4000), ("target", 4000, 0),
    }  # fmt: skip
    assert (found["total"]["disk"], found["total"]["stays"]) == (12000, 4000)
    assert "12.0 kB of checkpoints, of which 4.0 kB stays;" in printed
    written(tmp_path, **{**FIELDS, "keep": "{weights: none}"})
    assert "12.0 kB of checkpoints, of which none stays;" in planned(path)[2]
    written(tmp_path, **{**FIELDS, "keep": "{weights: all}"})
    assert "12.0 kB of checkpoints;" in planned(path)[2]


def test_phases_without_weights_are_cached_and_say_so(dropped: Opened) -> None:
    states, found, printed = planned(dropped.study.path)
    assert states == {"intermediate": ["cached, no weights"], "target": ["cached, no weights"] * 2}
    assert (found["total"]["new"], found["total"]["steps"], found["total"]["disk"]) == (0, 0, 0)
    assert "3 phases, 0 to train: 0 steps" in printed and "again" not in printed
    key = next(iter(dropped.plan.phases))
    why = xfer("plan", dropped.study.path, "--why", key).stdout
    assert f"{key}: in the store" in why and "without weights by last: they were not fetched" in why


def test_what_has_to_be_trained_again_is_told_and_counted(dropped: Opened) -> None:
    path = dropped.study.path
    written(path.parent, **{**FIELDS, "targets": "[xnli, pawsx]"})
    states, found, printed = planned(path)
    assert states == {"intermediate": ["again"], "target": ["cached, no weights", "new", "cached, no weights", "new"]}
    assert (found["total"]["new"], found["total"]["steps"]) == (3, 3 * 8)
    assert "5 phases, 3 to train" in printed and "again: it is done, but its weights are not here" in printed
