"""A study's own tasks: files beside it that are found by name, and whose mistakes are told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.study.made import study
from tests.unit.tasks.own import MINE, changed, data, task_file
from tests.world import World
from xfer.errors import StudyError, UserError
from xfer.study import lock as locks
from xfer.study import resolve
from xfer.study.resolve import Roots
from xfer.tasks.registry import SHIPPED, Registry

FIELDS = {"own_tasks": "./my_tasks", "targets": "[mine]", "arms": "[none, mnli]"}


def test_a_file_of_the_folder_is_a_task_beside_those_that_are_shipped(tmp_path: Path) -> None:
    task_file(tmp_path)
    registry = Registry(tmp_path / "my_tasks")
    assert set(registry.names()) == {*SHIPPED.names(), "mine"}
    assert registry.get("mine").labels == ("glum", "merry")
    assert registry.get("mnli") == SHIPPED.get("mnli")
    with pytest.raises(UserError, match="unknown task 'mein'") as error:
        registry.get("mein")
    assert "did you mean mine" in error.value.fix
    assert "mine" not in SHIPPED.names()


def test_the_folder_is_looked_for_beside_the_study_and_not_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_file(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert study(tmp_path, **FIELDS).registry.own == tmp_path / "my_tasks"


def test_a_task_that_is_declared_otherwise_gets_other_keys(tmp_path: Path) -> None:
    keys = []
    for number, content in enumerate([MINE, changed('licence="my own"', 'licence="yours"'), changed("glum", "sad")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        task_file(folder, content)
        keys.append(Registry(folder / "my_tasks").get("mine").declaration_key)
    assert keys[0] == keys[1] != keys[2]


MISTAKES: dict[str, tuple[str, int, str]] = {
    "no Python": (changed('"mine",\n    format', '"mine"\n    format'), 8, "not Python: invalid syntax"),
    "no UTF-8": (MINE.replace("Which", "\udcff"), 1, "not Python"),
    "an unknown field": (changed("licence=", "license="), 7, "unexpected keyword argument 'license'"),
    "an import that fails": (changed("import Generated", "import Genrated"), 4, "cannot import name 'Genrated'"),
    "an exception in a function": (changed("TASK =", "def f():\n    1 // 0\n\n\nTASK = f() or"), 8, "ZeroDivision"),
    "no task": ("NAME = 'mine'\n", 1, "it defines no TASK"),
    "a task that is none": ("TASK = 'mine'\n", 1, "it defines no TASK"),
    "another name": (changed('    "mine",', '    "mein",'), 8, "it defines a task called 'mein'"),
    "a metric of another format": (changed('"accuracy"', '"tag_f1"'), 7, "metric 'tag_f1' is not one of accuracy"),
    "a field without a column": (changed(', "label": "mood"', ""), 7, "columns lacks label"),
    "a field that no format has": (changed('"first"', '"frist"'), 7, "columns lacks first"),
    "a field too many": (changed('"first": "text"', '"first": "text", "secnd": "b"'), 7, "columns has 'secnd'"),
    "labels of two columns": (changed('"label": "mood"', '"label": ("a", "b")'), 7, "'label' takes the name"),
    "words for no field": (changed('"accuracy"', '"accuracy", words={"text": {}}'), 7, "words has 'text'"),
    "an unknown split": (changed('licence="my own"', 'splits={"dev": "validation"}'), 7, "splits has 'dev'"),
    "a table that no world has": (changed('hub("me/moods", "{code}")', 'Generated("moods")'), 7, "no table 'moods'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_an_own_task_is_told_with_file_and_line(tmp_path: Path, name: str) -> None:
    content, line, what = MISTAKES[name]
    path = task_file(tmp_path, "")
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UserError) as error:
        study(tmp_path, **FIELDS)
    assert error.value.where == f"{path}:{line}"
    assert what in error.value.what
    assert error.value.fix


def test_a_mistake_is_told_though_nothing_in_the_study_names_the_task(tmp_path: Path) -> None:
    task_file(tmp_path)
    path = task_file(tmp_path, "TASK = ", "unused.py")
    with pytest.raises(UserError, match="not Python") as error:
        study(tmp_path, **FIELDS)
    assert error.value.where == f"{path}:1"


def test_a_shipped_tasks_name_is_taken(tmp_path: Path) -> None:
    path = task_file(tmp_path, changed('    "mine",', '    "mnli",'), "mnli.py")
    with pytest.raises(UserError, match="'mnli' comes with the system") as error:
        study(tmp_path, own_tasks="./my_tasks")
    assert error.value.where.startswith(str(path))
    assert "another name" in error.value.fix


def test_a_folder_that_is_not_there_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as error:
        study(tmp_path, own_tasks="./my_tsaks")
    (problem,) = error.value.problems
    assert problem.where == f"{tmp_path / 'study.yaml'}:8:1"
    assert "my_tsaks" in problem.what


def test_files_that_only_help_are_no_tasks(tmp_path: Path) -> None:
    task_file(tmp_path)
    task_file(tmp_path, "", "__init__.py")
    task_file(tmp_path, "LABELS = ('glum', 'merry')\n", "_labels.py")
    assert set(study(tmp_path, **FIELDS).registry.names()) == {*SHIPPED.names(), "mine"}


UNUSABLE = {
    "labels that are one word": ('labels=("glum", "merry")', 'labels=("merry")', "labels"),
    "labels twice": ('labels=("glum", "merry")', 'labels=("merry", "merry")', "labels"),
    "a format that was not made": ("format=Classification()", "format=Classification", "format"),
    "a configuration with an unknown placeholder": ('"{code}"', '"{language}"', "{code}"),
    "no languages": ('    languages=("en", "de"),\n', "", "languages"),
    "numbers as names": ('metric="accuracy"', 'metric="accuracy", label_names={0: "glum"}', "label_names"),
    "words for labels": ('metric="accuracy"', 'metric="accuracy", words={"label": {"a": "b"}}', "words"),
    "open labels of another task": (
        'labels=("glum", "merry"),\n    languages=("en", "de"),\n    trains_on="mine"',
        'open_labels=True,\n    languages=("en", "de"),\n    trains_on="mnli"',
        "its own training data",
    ),
    "training in a language it has not": ('metric="accuracy"', 'metric="accuracy", trains_in="fr"', "fr"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_declaration_that_could_not_be_used_is_refused_before_any_data_are_read(tmp_path: Path, name: str) -> None:
    before, after, what = UNUSABLE[name]
    path = task_file(tmp_path, changed(before, after))
    with pytest.raises(UserError, match=what) as error:
        study(tmp_path, **FIELDS)
    assert error.value.where == f"{path}:7"


def test_a_task_that_trains_on_an_unknown_one_is_named(tmp_path: Path) -> None:
    path = task_file(tmp_path, changed('trains_on="mine"', 'trains_on="mien"'))
    with pytest.raises(UserError, match="mien") as error:
        study(tmp_path, **FIELDS)
    assert str(path) in str(error.value)


OWN_FORMAT = """
class Mine(Classification):
    name = "{name}"
    version = 7


TASK = """


def with_own_format(name: str) -> str:
    content = changed("TASK = ", OWN_FORMAT.format(name=name))
    return content.replace("format=Classification()", "format=Mine()")


def test_a_task_can_bring_a_format_of_its_own(tmp_path: Path, small_world: World) -> None:
    task_file(tmp_path, with_own_format("moods"))
    found = study(tmp_path, **FIELDS)
    made = resolve.resolve(found, Roots((data(tmp_path / "data"), small_world.data), (small_world.models,)))
    assert (made.components["format.moods"], made.components["format.classification"]) == (7, 1)
    locks.write(tmp_path / "study.lock.json", made)
    assert locks.read(tmp_path / "study.lock.json", found.registry) == made


def test_an_own_format_needs_a_name_of_its_own(tmp_path: Path) -> None:
    """Versions of components are kept by name: two formats of one name could not be told apart."""
    path = task_file(tmp_path, with_own_format("classification"))
    with pytest.raises(UserError, match="classification") as error:
        study(tmp_path, **FIELDS)
    assert str(path) in str(error.value)
