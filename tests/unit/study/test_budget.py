"""A budget: refused before anything starts, held on the way, and what earlier runs held counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import planned, study, whole_lock
from xfer.errors import StudyError, UserError
from xfer.store import records
from xfer.store.store import Store, as_json
from xfer.study import budget
from xfer.study.budget import HOUR, Account, Budget, Hours, left, spent
from xfer.study.cost import cost

NOTHING = Hours()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "runs"))


def account(store: Store, limit: Budget, held: Hours = NOTHING, run: str = "a") -> Account:
    return Account(store, "small", run, limit, lambda: held)


def test_what_every_run_held_adds_up(store: Store) -> None:
    account(store, Budget(gpu_hours=9), Hours(2, 1)).note()
    account(store, Budget(gpu_hours=9), Hours(3, 0), "b").note()
    Account(store, "other", "a", Budget(gpu_hours=9), lambda: Hours(50, 50)).note()
    assert spent(store, "small") == Hours(5, 1)


@pytest.mark.parametrize(
    ("limit", "rest", "refused"),
    [
        (Budget(gpu_hours=9), Hours(3.5), None),
        (Budget(gpu_hours=9), Hours(4.5), "gpu_hours 9"),
        (Budget(gpu_hours=9), Hours(0, 100), None),
        (Budget(core_hours=9), Hours(4.5), None),
        (Budget(gpu_hours=9, core_hours=1.5), Hours(0, 1), "core_hours 1.5"),
        (Budget(gpu_hours=4), None, "gpu_hours 4"),
    ],
)
def test_before_it_starts_a_study_needs_a_budget_for_what_is_left(
    store: Store, limit: Budget, rest: Hours | None, refused: str | None
) -> None:
    account(store, limit, Hours(5, 1)).note()
    again = account(store, limit, run="b")
    if refused is None:
        again.check(rest)
        return
    with pytest.raises(UserError, match=f"5 GPU hours and 1 core hours are spent.*more than {refused}"):
        again.check(rest)


def test_on_the_way_it_ends_when_the_budget_is_used_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [Hours(1.0), Hours(3.9), Hours(4.1)]
    account(store, Budget(gpu_hours=9), Hours(5)).note()
    running = Account(store, "small", "b", Budget(gpu_hours=9), lambda: held[0])
    running.look()
    assert spent(store, "small") == Hours(5), "it is not noted all the time"
    monkeypatch.setattr(budget, "EVERY", 0.0)
    held.pop(0)
    running.look()
    assert spent(store, "small") == Hours(8.9)
    held.pop(0)
    with pytest.raises(UserError, match="gpu_hours 9 are used up"):
        running.look()


def test_what_is_left_follows_from_what_was_done(tmp_path: Path, store: Store) -> None:
    plan = planned(tmp_path, seeds="[11]")
    assert left(plan, whole_lock(), store, set()) is None, "there is nothing to measure it by"
    first, *rest = plan.phases
    flops = {key: cost(held.phase, held.model, 0, whole_lock()).flops for key, held in plan.phases.items()}
    record = {"steps": plan.phases[first].phase.steps, "seconds": 10.0, "ranks": 2}
    store.put(records.record_path(first), as_json(record))
    expected = sum(flops[key] for key in rest) / (flops[first] / 20.0) / HOUR
    found = left(plan, whole_lock(), store, {first})
    assert found is not None and found.gpu == 0 and found.core == pytest.approx(expected)
    assert left(plan, whole_lock(), store, set(plan.phases)) == Hours()


@pytest.mark.parametrize("value", ["{}", "{gpu_hours: 0}", "{gpu_hours: many}", "{hours: 3}", "3"])
def test_a_budget_that_is_none_is_told_with_its_place(tmp_path: Path, value: str) -> None:
    with pytest.raises(StudyError, match=r"study\.yaml:8:"):
        study(tmp_path, budget=value)


def test_a_study_may_have_a_budget(tmp_path: Path) -> None:
    assert study(tmp_path, budget="{gpu_hours: 100}").budget == Budget(gpu_hours=100)
