"""The page about tasks is done as it is written: its files, its commands, what they print; and no field is left out."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xfer.study import lock as locks
from xfer.study import reading
from xfer.study.planner import plan
from xfer.tasks.formats.base import Format
from xfer.tasks.registry import SHIPPED
from xfer.tasks.source import Concatenation, Folder, Generated, Hub
from xfer.tasks.task import Task

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
PRINTED = "".join(re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).splitlines()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder in which the page's files were written and its commands typed, without a network."""
    folder = tmp_path_factory.mktemp("page")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XFER_")}
    environment |= {"HF_HUB_OFFLINE": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "-ec", COMMANDS]
    return folder, subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_pages_commands_do_what_it_says(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, typed = done
    assert (typed.returncode, typed.stderr) == (0, "")
    lines = typed.stdout.splitlines()
    assert len(PRINTED) == COMMANDS.count("xfer ") == 3
    places = [next(i for i, line in enumerate(lines) if line.startswith(expected)) for expected in PRINTED]
    assert places == sorted(places)


def test_the_task_is_in_lock_and_plan_as_target_and_as_arm(
    done: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    study = reading.read(done[0] / "study.yaml")
    made = locks.read(done[0] / "study.lock.json", study.registry)
    assert [made.splits[f"riddles/en/{split}"].rows for split in ("train", "validation", "test")] == [3, 1, 1]
    assert made.tasks["riddles"]["labels"] == ["A", "B", "C"]
    planned = plan(study, made, {})
    assert {(cell.arm, cell.target, cell.relation) for cell in planned.cells} == {
        ("none", "riddles", "none"), ("world_choice", "riddles", "transfer"), ("few", "riddles", "same-task"),
    }  # fmt: skip
    assert {evaluation.data.language for evaluation in planned.evaluations.values()} == {"en", "de"}


def test_the_task_is_shown_in_thirty_lines() -> None:
    assert len(FILES["my_tasks/riddles.py"].splitlines()) <= 30


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Task)])
def test_the_page_says_what_each_field_is_for(field: str) -> None:
    assert re.search(rf"^\| [^|]*`{field}`", PAGE, re.MULTILINE)


FORMATS = {type(SHIPPED.get(name).format): SHIPPED.get(name).format for name in SHIPPED.names()}


@pytest.mark.parametrize("made", FORMATS.values(), ids=lambda made: made.name)
def test_the_page_has_the_fields_and_metrics_of_each_format(made: Format) -> None:
    (row,) = re.findall(rf"^\| `{type(made).__name__}` .*$", PAGE, re.MULTILINE)
    fields, metrics = row.split("|")[2], row.split("|")[5]
    assert re.findall(r"`(\w+)`", fields) == list(dict.fromkeys((*made.fields, *made.texts)))
    assert re.findall(r"`(\w+)`", metrics)[: len(made.metrics)] == [metric.name for metric in made.metrics]


def test_the_page_has_each_kind_of_source_with_what_it_takes() -> None:
    kinds = {type(SHIPPED.get(name).source) for name in SHIPPED.names()} | {Folder}
    assert kinds == {Hub, Folder, Generated, Concatenation}
    table = PAGE.partition("## Sources")[2].partition("\n## ")[0]
    assert all(field.name in table for field in dataclasses.fields(Hub))
    for kind in kinds - {Hub}:
        assert f"`{kind.__name__}(" in table


def test_the_readme_shows_all_of_a_task() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```python\n(TASK = .*?)^```$", readme, re.MULTILINE | re.DOTALL)
    held = (ROOT / "xfer/tasks/catalog/pawsx.py").read_text(encoding="utf-8")
    assert held.endswith(re.sub(r"  # .*", "", shown))
