"""What it cost and what was decided, with phases that ended early and trials that were given up."""

from __future__ import annotations

from typing import Any

from tests.unit.reports.tables import small_views, table
from xfer.reports.sheets import Sheet, sheets
from xfer.results import schema

MIX = {
    "trains_on": ["mnli", "semtags"],
    "shares": [2 / 3, 1 / 3],
    "examples_of": [4267, 2133],
    "roles": ["intermediate"],
}
DONE = {"state": "done", "planned_steps": 200, "steps": 200, "tokens": 9, "seconds": 1.0, "ranks": 1, "model": "tiny"}
PHASES = [
    {"phase": "text", "roles": ["pretrain"], "trains_on": ["text"], "examples_of": [12800], "parent": "", **DONE},
    {"phase": "mix", "parent": "text", **MIX, **DONE},
    {"phase": "short", "roles": ["target"], "trains_on": ["xnli"], "parent": "mix", **DONE, "steps": 60},
    {"phase": "trial", "roles": ["trial"], "trains_on": ["xnli"], "parent": "text", "planned_steps": 200}
    | {"state": "pruned", "model": "tiny"},
    {"phase": "later", "roles": ["target"], "trains_on": ["xnli"], "parent": "mix", "planned_steps": 200}
    | {"state": "planned", "model": "tiny"},
]
ATTEMPTS = [
    {"phase": "trial", "attempt": 1, "first_step": 0, "last_step": 50, "outcome": "paused"},
    {"phase": "trial", "attempt": 2, "first_step": 50, "last_step": 100, "outcome": "paused"},
    {"phase": "short", "attempt": 1, "first_step": 0, "last_step": 60, "outcome": "committed"},
]


def named(name: str, **more: list[dict[str, Any]]) -> Sheet | None:
    rows = {"phases": PHASES, "attempts": ATTEMPTS, **more}
    views = small_views() | {view: table(found, schema.VIEWS[view]) for view, found in rows.items()}
    return next((sheet for sheet in sheets(views) if sheet.name == name), None)


def cost() -> Sheet:
    sheet = named("cost")
    assert sheet is not None
    return sheet


def column(sheet: Sheet, name: str) -> list[str]:
    return [row[sheet.columns.index(name)] for row in sheet.rows]


def test_a_mixture_tells_how_many_rows_of_each_task_it_saw() -> None:
    assert column(cost(), "trains on") == [
        "text 12\u202f800",
        "mnli 4\u202f267 + semtags 2\u202f133",
        "xnli",
        "xnli",
        "xnli",
    ]


def test_a_phase_that_ended_early_shows_both_numbers_of_steps() -> None:
    assert column(cost(), "steps") == ["200", "200", "60 of 200", "100 of 200", "– of 200"]


def test_a_pruned_trial_is_neither_done_nor_missing() -> None:
    sheet = cost()
    assert column(sheet, "state")[3] == "pruned"
    assert sheet.caption.startswith(
        "3 of 4 phases done, 0.0 worker-hours (time × ranks). 1 more, of pruned trials, was "
    )
    assert "given up after 100 steps together" in sheet.caption
    assert sheet.total[sheet.columns.index("steps")] == "460"


def test_pretraining_starts_from_random_weights() -> None:
    assert column(cost(), "parent")[:2] == ["random weights", "text"]


def test_a_trial_that_pauses_at_rungs_was_not_begun_twice() -> None:
    assert named("attempts") is None
    lost = [ATTEMPTS[0] | {"outcome": "lost"}, *ATTEMPTS[1:]]
    sheet = named("attempts", attempts=lost)
    assert sheet is not None and [row[:2] for row in sheet.rows] == [("trial", "1"), ("trial", "2")]


def trial(number: int, **fields: Any) -> dict[str, Any]:
    known = {
        "experiment": "e",
        "model": "one+two",
        "target": "xnli",
        "trial": str(number),
        "values": '{"learning_rate": 1}',
    }
    return known | {"metric": "mnli/validation/en/accuracy", "chosen": False, "rungs": []} | fields


def test_a_pruned_trial_has_rungs_and_no_final_points() -> None:
    rows = [
        trial(0, state="finished", rungs=[0.4, 0.5], value=0.6, chosen=True),
        trial(1, state="pruned", rungs=[0.3]),
        trial(2, state="failed"),
    ]
    sheet = named("decisions", decisions=rows)
    assert sheet is not None
    assert column(sheet, "model")[0] == "one, two"
    assert column(sheet, "state") == ["finished", "pruned", "failed"]
    assert column(sheet, "at rungs") == ["40.0, 50.0", "30.0", ""]
    assert column(sheet, "points") == ["60.0", "–", "–"]
    assert sheet.strong == {0}
    assert "given up at the last of its rungs" in sheet.caption


def test_without_a_scheduler_there_are_no_rungs() -> None:
    sheet = named("decisions", decisions=[trial(0, state="finished", value=0.6)])
    assert sheet is not None and "at rungs" not in sheet.columns
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)
    assert "pruned" not in sheet.caption
