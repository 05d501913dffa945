"""Data sets that no Hub holds: found below a data root, fingerprinted, locked and planned like all others."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest

from tests.unit.study.made import study
from tests.unit.tasks.readers import test_bucc, test_ccgbank, test_conll
from tests.world import World
from xfer.errors import DataError
from xfer.fingerprint import canonical
from xfer.study import resolve
from xfer.study.planner import plan
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.folder import Reader
from xfer.tasks.formats.classification import Classification
from xfer.tasks.readers.bucc import Bucc
from xfer.tasks.registry import SHIPPED
from xfer.tasks.source import Folder
from xfer.tasks.task import Task

CHUNKING = SHIPPED.get("chunking")


class Moods(Reader):
    """``SPLIT/LANGUAGE.txt``: a mood, a colon and a text a line; ``more`` is of no use to the task."""

    name: ClassVar[str] = "moods"
    version: ClassVar[int] = 1

    def files(self, folder: Path, split: str, language: str) -> tuple[Path, ...]:
        return (folder / split / f"{language}.txt",) if split != "dev" else ()

    def read(self, files: tuple[Path, ...]) -> pa.Table:
        rows = [line.split(":") for file in files for line in file.read_text().splitlines()]
        return pa.table({"mood": [row[0] for row in rows], "text": [row[1] for row in rows], "more": [0] * len(rows)})


class NewerMoods(Moods):
    version: ClassVar[int] = 2


def moods(reader: Reader, **splits: str) -> Task:
    return Task(
        "moods", format=Classification(), source=Folder("local/moods", reader), languages=("en", "de"),
        columns={"first": "text", "label": "mood"}, labels=("glum", "merry"), splits=splits or {"train": "all"},
        metric="accuracy",
    )  # fmt: skip


def written(root: Path, content: str = "glum:oh\nmerry:ha\n", name: str = "all/en.txt") -> DataRoots:
    path = root / "local/moods" / name
    path.parent.mkdir(parents=True)
    path.write_text(content)
    return DataRoots((root,))


def test_rows_have_the_formats_fields_by_the_readers_columns_and_no_others(tmp_path: Path) -> None:
    assert written(tmp_path).rows(moods(Moods()), "en", "train").to_pydict() == {
        "example": [0, 1], "cluster": [0, 1], "first": ["oh", "ha"], "label": ["glum", "merry"],
    }  # fmt: skip


def test_what_is_not_there_is_named_with_where_it_was_looked_for(tmp_path: Path) -> None:
    task, roots = moods(Moods(), train="all", validation="dev"), written(tmp_path)
    elsewhere = DataRoots((tmp_path / "a", tmp_path / "b"))
    assert [roots.exists(task, code, "train") for code in ("en", "de")] == [True, False]
    assert not elsewhere.exists(task, "en", "train") and not roots.exists(task, "en", "validation")
    for asked in (elsewhere.rows, elsewhere.fingerprint):
        with pytest.raises(DataError, match=r"local/moods \(en, all\): no data root holds it") as error:
            asked(task, "en", "train")
        assert f"{tmp_path}/a:{tmp_path}/b; put a copy at local/moods" in str(error.value)
    with pytest.raises(DataError, match=r"moods \(de, all\): there is no all/de.txt"):
        roots.rows(task, "de", "train")
    with pytest.raises(DataError, match=r"moods \(en, dev\): there is no split 'dev'"):
        roots.rows(task, "en", "validation")


def test_the_fingerprint_follows_the_content_of_the_splits_files_and_nothing_else(tmp_path: Path) -> None:
    task = moods(Moods())
    one = written(tmp_path / "a").fingerprint(task, "en", "train")
    roots = written(tmp_path / "b")
    (tmp_path / "b/local/moods/all/de.txt").write_text("glum:ach\n")
    os.utime(tmp_path / "b/local/moods/all/en.txt", (1, 1))
    assert roots.fingerprint(task, "en", "train") == one != roots.fingerprint(task, "de", "train")
    assert written(tmp_path / "c", "glum:oh\nglum:ha\n").fingerprint(task, "en", "train") != one


def test_the_reader_and_its_version_are_part_of_a_declaration() -> None:
    keys = {moods(reader).declaration_key for reader in (Moods(), NewerMoods(), Bucc())}
    assert len(keys) == 3 and moods(Moods()).declaration_key in keys
    assert canonical(CHUNKING.source) == '["local/conll2000",["conll",1,["tokens","pos","chunks"]]]'


@pytest.mark.parametrize("name", ["bucc", "ccg", "chunking"])
def test_a_task_of_a_folder_travels_to_workers_and_asks_nothing_of_the_hub(name: str) -> None:
    task = SHIPPED.get(name)
    assert pickle.loads(pickle.dumps(task)).declaration_key == task.declaration_key
    assert task.source.on_hub(DataRoots()) == {} and task.source.ids == (str(task.source),)


FIELDS = {"seeds": "[11]", "arms": "[none, ccg, chunking]", "targets": "[bucc, udpos]"}


@pytest.fixture
def all_roots(tmp_path: Path, small_world: World) -> Roots:
    for corpus in (test_ccgbank.bank, test_conll.corpus, test_bucc.corpus):
        corpus(tmp_path / "data")
    return Roots((small_world.data, tmp_path / "data"), (small_world.models,))


def test_such_tasks_are_locked_and_planned_like_all_others(tmp_path: Path, all_roots: Roots) -> None:
    found = study(tmp_path, **FIELDS)
    made = resolve.resolve(found, all_roots)
    rows = {place: split.rows for place, split in made.splits.items() if not place.startswith("udpos")}
    assert rows == {"ccg/en/train": 40, "chunking/en/train": 2, "bucc/de/validation": 24, "bucc/de/test": 24 + 120}
    assert made.revisions == {} and made.tasks["ccg"]["open_labels"] is True
    planned = plan(found, made, {})
    assert {(cell.arm, cell.target) for cell in planned.cells} == {
        (arm, target) for arm in ("none", "ccg", "chunking") for target in ("bucc", "udpos")
    }
    evaluated = {e.data.language for e in planned.evaluations.values() if e.data.task == "bucc"}
    assert evaluated == {"de"}
    resolve.check_data(found, made, all_roots, tmp_path / "study.lock.json")


def test_a_study_whose_folder_is_nowhere_is_told_where_to_put_it(tmp_path: Path, all_roots: Roots) -> None:
    shutil.rmtree(tmp_path / "data/local/ccgbank")
    with pytest.raises(DataError, match=r"local/ccgbank \(en, 02-21\): no data root holds it") as error:
        resolve.resolve(study(tmp_path, **FIELDS), all_roots)
    assert "put a copy at local/ccgbank below one of them (XFER_DATA, --data)" in str(error.value)
