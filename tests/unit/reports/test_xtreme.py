"""XTREME's averages: over what, by which metric, and what is said where something is missing."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow as pa
import pytest

from cluster.cli.report import report
from tests.unit.reports.studies import nothing_done, open_with
from tests.unit.reports.tables import table
from tests.unit.reports.test_report_page import Reader
from tests.unit.study.made import study
from xfer.reports.about import About
from xfer.reports.page import render
from xfer.reports.xtreme import GROUPS, METRICS, Average, Standing, standings, targets_of
from xfer.reports.xtreme import table as averages_table
from xfer.results import schema
from xfer.study import lock as locks
from xfer.tasks.registry import SHIPPED

TASKS = tuple(name for name in METRICS if name in SHIPPED.names())
BASE = {name: 0.40 + 0.05 * place for place, name in enumerate(METRICS)}
"""What none reaches in each task, with seed 0."""

GAIN = {"none": 0.0, "mnli": 0.02, "snli": -0.04}
SAME_TASK = {("mnli", "xnli")}
RETRIEVAL = ("bucc", "tatoeba")


def value(arm: str, task: str, seed: int) -> float:
    """The more a task comes behind in XTREME's order, the more an arm changes it."""
    return BASE[task] + GAIN[arm] * (1 + list(METRICS).index(task)) + 0.001 * seed


def rows(arm: str, task: str, **fields: Any) -> Iterable[dict[str, Any]]:
    """Two seeds in all languages, which lie as far above the mean as below; the task's own major metric is another."""
    declared = SHIPPED.get(task)
    languages = fields.pop("languages", declared.languages)
    about = {
        "model": "tiny", "parameters": 1000, "arm": arm, "target": task, "task": task, "selection": "last",
        "relation": "same-task" if (arm, task) in SAME_TASK else "transfer", "selected_by": "",
        "split": "test" if "test" in declared.splits else "validation", "layer": 2 if task in RETRIEVAL else None,
    }  # fmt: skip
    for seed in (1, 2):
        for place, code in enumerate(languages):
            score = value(arm, task, seed) + 0.001 * (place - (len(languages) - 1) / 2)
            where = about | {"seed": seed, "language": code} | fields
            yield where | {"metric": METRICS[task], "major": False, "value": score}
            yield where | {"metric": "another", "major": True, "value": 0.99}


def scores(wanted: Callable[[str, str], bool] = lambda arm, task: True, **fields: Any) -> pa.Table:
    made = (row for arm in GAIN for task in TASKS if wanted(arm, task) for row in rows(arm, task, **fields))
    return table(made, schema.SCORES)


def cells(targets: Iterable[str]) -> pa.Table:
    place: dict[str, Any] = {"model": "tiny", "state": "done"}
    made = [place | {"arm": a, "target": t, "seed": seed} for t in targets for a in GAIN for seed in (1, 2)]
    return table(made, schema.CELLS)


def standing(folder: Path, found: pa.Table, **fields: str) -> Standing:
    """Of the one model, on these scores."""
    read = study(folder, **{"targets": f"[{', '.join(TASKS)}]", **fields})
    (only,) = standings(read, found, cells(read.target_names))
    return only


def averages(found: Standing, arm: str) -> Mapping[str, Average]:
    return {a.name: a for row in found.arms if row.name == arm for a in row.averages}


def expected(arm: str, tasks: Iterable[str]) -> tuple[float, float]:
    """Value, and points against none."""
    kept = [task for task in tasks if task in TASKS]
    score = fmean(fmean(value(arm, task, seed) for seed in (1, 2)) for task in kept)
    return score, 100 * (score - fmean(fmean(value("none", task, seed) for seed in (1, 2)) for task in kept))


def test_every_task_of_the_suite_is_in_one_group_and_has_its_metric() -> None:
    for name in SHIPPED.names():
        task = SHIPPED.get(name)
        if "xtreme" in task.suites:
            assert METRICS[name] in [metric.name for metric in task.format.metrics]
    assert len(METRICS) == sum(map(len, GROUPS.values())) == 9


def test_averages_are_unweighted_means_over_tasks_by_xtremes_metrics(tmp_path: Path) -> None:
    found = standing(tmp_path, scores())
    trained = [task for task in TASKS if task not in RETRIEVAL]
    for arm in GAIN:
        other = [task for task in TASKS if (arm, task) not in SAME_TASK]
        members: dict[str, list[str]] = {
            "all": list(TASKS), "without retrieval": trained, "without same-task": other,
            "without either": [task for task in other if task in trained],
            **{name: list(group) for name, group in GROUPS.items()},
        }  # fmt: skip
        by_name = averages(found, arm)
        assert list(by_name) == list(members)
        for name, tasks in members.items():
            score, delta = expected(arm, tasks)
            assert by_name[name].value == pytest.approx(score), (arm, name)
            assert by_name[name].delta == (None if arm == "none" else pytest.approx(delta)), (arm, name)
            assert by_name[name].targets == tuple(task for task in METRICS if task in tasks and task in TASKS)
    assert [arm.name for arm in found.arms] == ["none", "mnli", "snli"]


def test_a_task_without_a_score_is_named_and_not_averaged_over(tmp_path: Path) -> None:
    found = standing(tmp_path, scores(lambda arm, task: (arm, task) not in {("snli", "panx"), ("none", "udpos")}))
    snli = averages(found, "snli")
    absent = tuple(task for task in METRICS if task not in TASKS)
    assert snli["structured prediction"].missing == ("panx",) and snli["structured prediction"].targets == ("udpos",)
    assert snli["structured prediction"].delta is None and snli["structured prediction"].compared == ()
    assert set(snli["all"].missing) == {"panx", *absent}
    assert snli["all"].value == pytest.approx(expected("snli", set(TASKS) - {"panx"})[0])
    assert snli["all"].delta == pytest.approx(expected("snli", set(TASKS) - {"panx", "udpos"})[1])
    assert set(snli["all"].targets) - set(snli["all"].compared) == {"udpos"}
    assert averages(found, "mnli")["structured prediction"].missing == ()


def test_a_group_that_nothing_is_known_of_has_no_value(tmp_path: Path) -> None:
    found = averages(standing(tmp_path, scores(lambda arm, task: task == "xnli"), targets="[xnli]"), "none")
    groups = [found[name] for name in GROUPS]
    assert [group.value is None for group in groups] == [False, True, True, True]
    assert groups[3] == Average("sentence retrieval", None, None, None, (), RETRIEVAL, ())
    assert (found["all"].targets, len(found["all"].missing), found["all"].seeds) == (("xnli",), 8, 2)


def test_what_is_no_xtreme_score_is_remarked(tmp_path: Path) -> None:
    targets = "[{task: xnli, name: other}, {task: pawsx, examples: 1000}, udpos, panx]"
    made = [
        *rows("none", "xnli", target="other"),
        *rows("none", "pawsx"),
        *rows("none", "udpos", languages=("en", "de")),
        *rows("none", "panx", split="validation"),
    ]
    (arm, *_) = standing(tmp_path, table(made, schema.SCORES), targets=targets).arms
    assert arm.remarks == (
        "xnli is the target other",
        "pawsx fine-tuned on 1\u202f000 examples",
        "udpos in 2 of 33 languages",
        "panx on validation data",
    )
    whole = standing(tmp_path, scores())
    assert [arm.remarks for arm in whole.arms] == [(), (), ()]


def test_of_two_targets_of_a_task_the_one_that_is_called_like_it_counts(tmp_path: Path) -> None:
    targets = "[{task: xnli, name: few, examples: 16}, xnli, {task: udpos, name: a}, {task: udpos, name: b}, mnli]"
    assert targets_of(study(tmp_path, targets=targets)) == {"xnli": "xnli", "udpos": "a"}


def test_the_table_holds_every_average(tmp_path: Path) -> None:
    found = averages_table([standing(tmp_path, scores())])
    assert found.schema == schema.XTREME and found.num_rows == 3 * 8
    row = next(row for row in found.to_pylist() if (row["arm"], row["average"]) == ("mnli", "structured prediction"))
    score, delta = expected("mnli", ["udpos", "panx"])
    assert row == {
        "model": "tiny", "arm": "mnli", "average": "structured prediction", "value": pytest.approx(score),
        "delta": pytest.approx(delta), "seeds": 2, "targets": ["udpos", "panx"], "missing": [],
        "compared": ["udpos", "panx"], "remarks": [],
    }  # fmt: skip


def test_a_study_without_a_target_of_xtreme_has_none(tmp_path: Path) -> None:
    read = study(tmp_path, targets="[mnli, snli]")
    assert standings(read, schema.SCORES.empty_table(), cells(read.target_names)) == ()
    assert "XTREME" not in render("P", nothing_done(), "small", about=About())


def test_the_page_shows_scores_differences_and_what_is_missing(tmp_path: Path) -> None:
    found = standing(tmp_path, scores(lambda arm, task: (arm, task) != ("snli", "panx") and task not in RETRIEVAL))
    page = render("P", nothing_done(), "small", about=About(xtreme=(found,)))
    reader = Reader(page)
    assert len(reader.names) == len(set(reader.names))
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.names)
    (_, heads, none, _, snli) = reader.tables[0]
    assert heads == [*GROUPS, "all", "without retrieval", "without same-task", "without either"]
    score, delta = expected("snli", ["udpos"])
    assert snli[2].split() == [f"{100 * score:.1f}2", f"{delta:+.1f}".replace("-", "−"), "1", "of", "2"]
    assert none[2].split() == [f"{100 * expected('none', ['udpos', 'panx'])[0]:.1f}"]
    assert none[4] == "–not available"
    assert re.search(r"-2\">Without panx\.<", page)


def test_the_command_writes_them_for_a_study_with_targets_of_xtreme(tmp_path: Path) -> None:
    opened = open_with(tmp_path, storage=str(tmp_path / "runs"))
    locks.write(locks.path_of(opened.study.path), opened.lock)
    report(opened.study.path, tmp_path / "out")
    with (tmp_path / "out" / "xtreme.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 3 * 8 and list(lines[0]) == schema.XTREME.names
    assert lines[0]["value"] == "" and lines[0]["missing"].startswith('["xnli", "pawsx"')
    assert '<section id="xtreme">' in (tmp_path / "out" / "index.html").read_text()
