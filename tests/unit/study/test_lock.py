"""A lock is written and read whole, and refused where it no longer fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.study.made import lock, text, whole_lock
from xfer.errors import LockError
from xfer.phase.versions import TRAINING
from xfer.study import lock as locks
from xfer.study.lock import Lock
from xfer.study.opening import open_study
from xfer.tasks.registry import SHIPPED


def test_a_lock_lies_beside_its_study() -> None:
    assert locks.path_of(Path("some/where/my.study.yaml")) == Path("some/where/my.study.lock.json")


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "study.lock.json"
    locks.write(path, whole_lock())
    assert locks.read(path, SHIPPED) == whole_lock()
    content = path.read_bytes()
    locks.write(path, locks.read(path, SHIPPED))
    assert path.read_bytes() == content


def components(name: str, version: int) -> Callable[[Lock], Lock]:
    return lambda made: made.model_copy(update={"components": {**made.components, name: version}})


def declaration(task: str, **change: object) -> Callable[[Lock], Lock]:
    def changed(made: Lock) -> Lock:
        return made.model_copy(update={"tasks": {**made.tasks, task: {**made.tasks.get(task, {}), **change}}})

    return changed


REFUSED = {
    "an older loop": (components("training.loop", 0), f"training.loop (lock 0, here {TRAINING['loop']})"),
    "a newer format": (components("format.tagging", 99), "format.tagging (lock 99, here 1)"),
    "another metric": (components("metric.accuracy", 99), "metric.accuracy (lock 99, here 1)"),
    "a component that is gone": (components("training.magic", 1), "training.magic (lock 1, here none)"),
    "another declaration": (declaration("snli", drop_unlabelled=False), "task snli"),
    "a task that is gone": (declaration("gone", format=["span", 1]), "task gone"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_lock_of_other_components_is_refused_and_names_them(tmp_path: Path, name: str) -> None:
    change, what = REFUSED[name]
    path = tmp_path / "study.lock.json"
    locks.write(path, change(whole_lock()))
    with pytest.raises(LockError) as raised:
        locks.read(path, SHIPPED)
    assert raised.value.where == str(path)
    assert raised.value.what == f"it was made for other components: {what}"
    assert "xfer lock" in raised.value.fix


def test_a_lock_says_nothing_of_components_that_its_tasks_do_not_use(tmp_path: Path) -> None:
    """A catalog that grows by a format leaves the locks of other studies alone."""
    path = tmp_path / "study.lock.json"
    made = lock(tasks=["mnli", "xnli"])
    only = {
        n: v for n, v in made.components.items() if n not in ("format.retrieval", "format.tagging", "metric.tag_f1")
    }
    locks.write(path, made.model_copy(update={"components": only}))
    assert locks.read(path, SHIPPED).tasks.keys() == {"mnli", "xnli"}


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1, "components": {}, "extra": 1}', "\x00"],
    ids=["empty", "cut off", "a list", "nothing", "another format", "unknown fields", "binary"],
)
def test_what_is_no_lock_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "study.lock.json"
    path.write_text(content)
    with pytest.raises(LockError, match="not a lock that this version reads") as raised:
        locks.read(path, SHIPPED)
    assert raised.value.where == str(path)
    assert "xfer lock" in raised.value.fix


def test_a_study_without_a_lock_is_told_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text(storage=str(tmp_path / "runs")))
    with pytest.raises(LockError, match="the study has no lock") as raised:
        open_study(path)
    assert raised.value.where == str(tmp_path / "study.lock.json")
    assert f"xfer lock {path}" in raised.value.fix


def test_a_study_with_its_lock_is_planned(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text(storage=str(tmp_path / "runs"), seeds="[1]"))
    locks.write(locks.path_of(path), whole_lock())
    assert len(open_study(path).plan.cells) == 9


def test_languages_stand_in_the_tasks_order(tmp_path: Path) -> None:
    assert whole_lock().languages(SHIPPED.get("xnli"), "test") == ("de", "en")
    assert whole_lock().languages(SHIPPED.get("tatoeba"), "test") == ("de",)
    assert whole_lock().languages(SHIPPED.get("tatoeba"), "validation") == ()
