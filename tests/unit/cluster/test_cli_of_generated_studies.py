"""Studies with tasks and models of their own on the command line: mistakes are two lines and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cluster.test_cli import assert_mistake, written, xfer
from tests.unit.study.made import SCRATCH
from tests.unit.tasks.own import MINE, changed, task_file

WORLD = "{rows: {text: 300, nli: 60, tagging: 40, paraphrase: 40, validation: 20, test: 30}}"
GENERATED = {"models": f"[{SCRATCH}]", "world": WORLD, "arms": "[none, world_nli]", "targets": "[world_tagging]"}


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (changed('"mine",\n    format', '"mine"\n    format'), 8, "not Python"),
        (MINE.replace("TASK", "TAKS"), 1, "it defines no TASK"),
        (changed(', "label": "mood"', ""), 7, "columns lacks label"),
        (MINE + "\n\nraise RuntimeError('on purpose')\n", 20, "on purpose"),
    ],
)
def test_a_mistake_in_an_own_task_is_a_mistake_and_no_crash(tmp_path: Path, content: str, line: int, what: str) -> None:
    path = task_file(tmp_path, content)
    done = xfer("check", written(tmp_path, own_tasks="./my_tasks", targets="[mine]"))
    assert_mistake(done, f"{path}:{line}: ", what)
    assert len(done.stderr.splitlines()) == 2


def test_a_study_with_an_own_task_is_fine(tmp_path: Path) -> None:
    task_file(tmp_path)
    path = written(tmp_path, own_tasks="./my_tasks", targets="[mine]", arms="[none, mine]")
    done = xfer("check", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: fine; it has no lock yet\n", "")


def test_a_vocabulary_that_the_text_cannot_fill_is_told_with_the_studys_line(tmp_path: Path) -> None:
    path = written(tmp_path, **{**GENERATED, "models": f"[{SCRATCH.replace('64', '60000')}]"})
    assert_mistake(xfer("lock", path), f"{path}:4:10", "vocabulary 60000 does not fit", "set it to")
    assert not (tmp_path / "study.lock.json").exists()


def test_a_generated_study_is_locked_and_planned_without_any_files(tmp_path: Path) -> None:
    path = written(tmp_path, **GENERATED, seeds="[1]")
    done = xfer("lock", path)
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(xfer("plan", path, "--json").stdout)
    roles = {(*row["roles"], *row["trains_on"], row["seed"]) for row in shown["phases"]}
    assert roles == {
        ("pretrain", "world_text", 5), ("intermediate", "world_nli", 1), ("target", "world_tagging", 1),
    }  # fmt: skip
    assert {row["model"] for row in shown["phases"]} == {"fresh"}
    assert "to train: 32 steps" in xfer("plan", path).stdout
