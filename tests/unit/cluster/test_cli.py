"""The command line, as a user calls it: mistakes are two lines and exit code 2, never a traceback."""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.study.made import text, whole_lock
from tests.world import World
from xfer.results.schema import VIEWS
from xfer.study import lock as locks
from xfer.tasks.registry import SHIPPED

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("XFER_", "COLUMNS"))}


def xfer(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The console script, without a network."""
    return subprocess.run(
        [Path(sys.executable).with_name("xfer"), *words],
        env={**ENVIRONMENT, "HF_HUB_OFFLINE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a lock, no data and an empty store."""
    folder = tmp_path_factory.mktemp("locked")
    path = folder / "study.yaml"
    path.write_text(text(seeds="[1]", storage=str(folder / "runs")))
    locks.write(locks.path_of(path), whole_lock())
    return path


@pytest.fixture(scope="module")
def planned(locked: Path) -> dict[str, Any]:
    """The plan as JSON."""
    done = xfer("plan", locked, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def written(folder: Path, **fields: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text(**{"storage": str(folder / "runs"), **fields}))
    return path


def assert_mistake(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("xfer: ")
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_bad_study_is_named_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, arms="[none, mlni]")
    assert_mistake(xfer("check", path), f"{path}:5:14: unknown task 'mlni'", "  -> did you mean mnli")


def test_a_missing_study_is_named(tmp_path: Path) -> None:
    assert_mistake(xfer("plan", tmp_path / "none.yaml"), "none.yaml: there is no such file")


def test_a_missing_data_folder_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert_mistake(xfer("lock", written(tmp_path), "--data", gone), f"there is no folder {gone}", "--data")
    assert_mistake(xfer("lock", written(tmp_path), XFER_MODELS=str(gone)), f"there is no folder {gone}", "$XFER_MODELS")


def test_a_study_without_a_lock_is_told_how_to_make_one(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert_mistake(xfer("plan", path), "the study has no lock", f"xfer lock {path}")


def test_a_damaged_lock_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    locks.path_of(path).write_text("{")
    assert_mistake(xfer("check", path), f"{locks.path_of(path)}: this is not a lock", "xfer lock")


def test_a_data_set_in_no_root_and_no_network_is_named(tmp_path: Path, small_world: World) -> None:
    (tmp_path / "data").mkdir()
    done = xfer("lock", written(tmp_path), "--data", tmp_path / "data", "--models", small_world.models)
    assert_mistake(done, "is in no data root", str(tmp_path / "data"), "not on the Hub", "XFER_DATA or --data")
    assert not (tmp_path / "study.lock.json").exists()


def test_a_model_in_no_root_and_no_network_is_named_with_its_place(tmp_path: Path, small_world: World) -> None:
    path = written(tmp_path)
    done = xfer("lock", path, "--data", small_world.data)
    assert_mistake(done, f"{path}:4:10", "model 'tiny' is in no model root", "XFER_MODELS or --models")


def test_an_unknown_key_is_named_with_those_there_are(locked: Path, planned: dict[str, Any]) -> None:
    done = xfer("plan", locked, "--why", "zzz")
    assert_mistake(done, "starts with 'zzz'", *(row["key"] for row in planned["phases"]))


def test_parquet_is_not_written_to_a_terminal(locked: Path) -> None:
    assert_mistake(xfer("results", locked, "--format", "parquet"), "not for a terminal", "--out FILE")


def test_a_recipe_that_fits_no_target_is_a_mistake_and_no_crash(tmp_path: Path) -> None:
    override = "override: [{where: {role: target, task: mnli}, micro_batch_size: 64}]"
    path = written(tmp_path, recipe=f"{{default: {{steps: 8, max_length: 32}}, {override}}}")
    locks.write(locks.path_of(path), whole_lock())
    assert_mistake(xfer("plan", path), "micro_batch_size 64")


def test_an_unknown_verb_or_option_is_a_mistake() -> None:
    for words in (["traain"], ["plan"]):
        done = xfer(*words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = xfer("--debug", "plan", tmp_path / "none.yaml")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "there is no such file" in done.stderr


def test_check_says_that_a_study_and_its_lock_are_fine(locked: Path, tmp_path: Path) -> None:
    done = xfer("check", locked)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{locked}: fine; study.lock.json fits it\n", "")
    path = written(tmp_path)
    assert xfer("check", path).stdout == f"{path}: fine; it has no lock yet\n"


def test_the_plan_as_json_adds_up(planned: dict[str, Any]) -> None:
    rows, total = planned["phases"], planned["total"]
    assert planned["study"] == "small"
    assert total["phases"] == total["new"] == len(rows) == len({row["key"] for row in rows}) == 7
    for name in ("steps", "tokens", "flops", "disk"):
        assert total[name] == sum(row[name] for row in rows) > 0
    assert total["steps"] == 7 * 8
    assert total["cells"] == 9
    assert total["evaluations"] == 3 * (4 + 4 + 1)
    assert {row["parent"] for row in rows} - {None} <= {row["key"] for row in rows}
    assert {row["state"] for row in rows} == {"new"}


def test_the_plan_as_a_table_shows_every_key_and_the_sum(locked: Path, planned: dict[str, Any]) -> None:
    done = xfer("plan", locked)
    assert all(row["key"] in done.stdout for row in planned["phases"])
    assert "7 phases, 7 to train: 56 steps" in done.stdout


def test_planning_leaves_nothing_behind(tmp_path: Path) -> None:
    path = written(tmp_path, seeds="[1]")
    locks.write(locks.path_of(path), whole_lock())
    assert xfer("plan", path).returncode == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["study.lock.json", "study.yaml"]


def test_why_prints_the_payload_of_a_key(locked: Path, planned: dict[str, Any]) -> None:
    intermediate = [row for row in planned["phases"] if row["roles"] == ["intermediate"]]
    (key,) = (row["key"] for row in intermediate if row["trains_on"] == ["snli"])
    done = xfer("plan", locked, "--why", key[:8])
    assert done.returncode == 0
    head, brace, payload = done.stdout.partition("\n{")
    assert key in head
    assert "to be trained" in head
    assert "serves 3 cells as intermediate" in head
    explained = json.loads(brace + payload)
    assert explained["trains_on"][0][:4] == ["snli", "en", "train", "content of snli/en/train"]
    assert explained["recipe"]["learning_rate"] == 1e-3
    assert explained["seed"] == 1


def test_tasks_as_json_hold_the_whole_catalog() -> None:
    rows = {row.pop("name"): row for row in json.loads(xfer("tasks", "--format", "json").stdout)}
    assert list(rows) == list(SHIPPED.names())
    assert rows["squad2"] == {
        "format": "span",
        "suites": ["intermediate"],
        "languages": ["en"],
        "train_size": 130_319,
        "metric": "squad_em_f1",
        "hub_id": "rajpurkar/squad_v2",
        "licence": "CC-BY-SA-4.0",
        "trains_on": "squad2",
        "relations": {"contains": ["squad"], "derived_from": [], "near": []},
        "unverified": False,
    }
    assert (rows["xnli"]["trains_on"], len(rows["xnli"]["languages"])) == ("mnli", 15)
    assert rows["americas_nli"]["relations"] == {"contains": [], "derived_from": ["xnli"], "near": ["snli"]}
    assert (rows["world_nli"]["hub_id"], rows["world_nli"]["languages"][0]) == (None, "en")
    assert [name for name in rows if rows[name]["unverified"]] == [n for n in rows if SHIPPED.get(n).unverified]


def test_tasks_as_a_table_are_whole_in_a_pipe() -> None:
    lines = xfer("tasks").stdout.splitlines()
    for name in SHIPPED.names():
        (line,) = (line for line in lines if line.split()[0] == name)
        assert str(SHIPPED.get(name).source) in line
        assert ("unverified" in line) == SHIPPED.get(name).unverified
    assert "contains anli, mnli, snli" in lines[1 + [line.split()[0] for line in lines].index("anli_plus")]


def test_tasks_on_a_terminal_of_120_columns_keep_their_names_in_one_piece() -> None:
    shown = xfer("tasks", COLUMNS="120", FORCE_COLOR="1", TERM="xterm").stdout
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 120
    words = {word for line in lines for word in line.split()}
    for task in map(SHIPPED.get, SHIPPED.names()):
        source = task.source.ids if len(task.source.ids) == 1 else ()
        assert {task.name, task.format.name, task.metric or task.name, *source} <= words


def test_the_tables_of_a_study_that_has_not_run_have_their_fields(locked: Path) -> None:
    done = xfer("results", locked, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [",".join(field.name for field in VIEWS["scores"])]
    cells = [
        json.loads(line) for line in xfer("results", locked, "--table", "cells", "--format", "json").stdout.splitlines()
    ]
    assert {cell["state"] for cell in cells} == {"planned"}
    assert len(cells) == 9


def test_help_names_every_verb_and_is_quick() -> None:
    """Median of five runs below half a second of processor time, which busy cores do not stretch."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = xfer("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert all(verb in done.stdout for verb in ("tasks", "check", "lock", "plan", "run", "results", "report"))
    assert statistics.median(spent) < 0.5
