"""Which data of a study are held against each other, what is found, and when it is void."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.study import made, overlapping
from tests.unit.study.overlapping import DE, EN, LINES, PAWSX, study_file
from tests.world import STRING, put
from xfer.errors import DataError, LockError
from xfer.evaluation.overlap import Group
from xfer.evaluation.texts import Place
from xfer.store.store import Store
from xfer.study import lock as locks
from xfer.study import overlaps, reading, resolve
from xfer.study.lock import Lock
from xfer.study.needs import check_asked
from xfer.study.opening import Opened, opened
from xfer.study.planner import plan
from xfer.study.resolve import Roots
from xfer.study.schema import Study

MULTILINGUAL = "{id: tiny, pretrained_on: [multilingual_text]}"


def roots(folder: Path) -> Roots:
    return Roots((folder / "data",), (folder / "models",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("overlapping")
    study_file(found)
    return found


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return reading.read(folder / "study.yaml")


@pytest.fixture(scope="module")
def lock(folder: Path, study: Study) -> Lock:
    return resolve.lock_of(study, roots(folder))


def named(groups: list[Group]) -> dict[str, str]:
    return {" ".join(map(str, group.sources)): " ".join(map(str, group.against)) for group in groups}


EVERYTHING = "pawsx/de/validation pawsx/de/test pawsx/en/validation pawsx/en/test"


def test_all_that_is_evaluated_is_held_against_all_that_was_seen(study: Study, lock: Lock) -> None:
    assert named(overlaps.groups(study, lock)) == {
        "pawsx/en/train": EVERYTHING,
        "pawsx/en/validation": EVERYTHING,
        "multilingual_text/de/train multilingual_text/en/train": EVERYTHING,
        "pawsx/de/validation pawsx/en/validation": "pawsx/de/test pawsx/en/test",
    }


def test_where_nothing_is_chosen_validation_is_held_against_the_test_alone(tmp_path: Path) -> None:
    found = made.study(tmp_path, targets="[xnli]", arms="[none, {name: m, mix: [mnli, snli]}]")
    everything = "xnli/de/validation xnli/de/test xnli/en/validation xnli/en/test"
    assert named(overlaps.groups(found, made.lock())) == {
        "mnli/en/train": everything,
        "snli/en/train": everything,
        "xnli/de/validation xnli/en/validation": "xnli/de/test xnli/en/test",
    }


def test_text_that_a_model_is_pretrained_on_by_the_study_is_a_source(tmp_path: Path) -> None:
    lock = made.lock([made.from_scratch("fresh")])
    found = made.study(tmp_path, models=f"[{made.SCRATCH}]", targets="[world_retrieval]", arms="[none]")
    assert named(overlaps.groups(found, lock)) == {"world_text/mul/train": "world_retrieval/qaa/test"}


def found_lines(table: pa.Table) -> set[tuple[object, ...]]:
    return {
        (
            f"{row['language']}/{row['split']}",
            f"{row['against_task']}/{row['against_language']}/{row['against_split']}", row["kind"], *row["rows"],
        )
        for row in table.filter(pa.compute.equal(table["field"], "sentence1")).to_pylist()
    }  # fmt: skip


def test_what_is_known_to_overlap_is_found(folder: Path, study: Study, lock: Lock) -> None:
    table = overlaps.find(study, lock, roots(folder))
    assert set(table["field"].to_pylist()) == {"sentence1", "sentence2"}
    assert found_lines(table) == {
        ("en/test", "pawsx/en/train", "exact", 3),
        ("en/test", "pawsx/en/train", "near", 5),
        ("de/test", "pawsx/en/train", "translation", 4, 6),
        ("en/test", "multilingual_text/en/train", "exact", 7),
        ("de/test", "multilingual_text/de/train", "exact", 7),
        ("en/test", "multilingual_text//train", "translation", 2),
        ("de/test", "multilingual_text//train", "translation", 2),
        ("de/validation", "pawsx/en/validation", "translation", *range(6)),
    }
    second = table.filter(pa.compute.equal(table["field"], "sentence2")).to_pylist()
    assert {(row["kind"], row["language"], row["split"]) for row in second} == {("translation", "de", "validation")}


def test_a_cell_has_seen_its_own_phases_and_what_its_model_was_pretrained_on(study: Study, lock: Lock) -> None:
    grid = Opened(study, lock, Store("nowhere"), plan(study, lock, {}))
    text = [Place("multilingual_text", code, "train") for code in ("de", "en", "")]
    own = [Place("pawsx", "en", "train"), Place("pawsx", "en", "validation")]
    assert {cell.arm: set(overlaps.seen(grid, cell)) for cell in grid.plan.cells} == {
        "none": {*own, *text},
        "pawsx": {*own, *text},
    }


def test_a_cell_has_not_seen_what_other_arms_train_on(tmp_path: Path) -> None:
    found, lock = made.study(tmp_path), made.lock()
    grid = Opened(found, lock, Store("nowhere"), plan(found, lock, {}))
    seen = {(cell.arm, cell.target): overlaps.seen(grid, cell) for cell in grid.plan.cells}
    mnli, snli, udpos = (Place(task, "en", "train") for task in ("mnli", "snli", "udpos"))
    assert seen["none", "tatoeba"] == ()
    assert seen["snli", "tatoeba"] == (snli,)
    assert seen["snli", "xnli"] == (snli, mnli)
    assert seen["mnli", "udpos"] == (mnli, udpos)


def test_a_cell_has_seen_what_its_recipe_was_chosen_by(tmp_path: Path) -> None:
    tune = "{learning_rate: [1e-3, 1e-4], seeds: [1], targets: [xnli]}"
    found, lock = made.study(tmp_path, tune=tune), made.lock()
    grid = Opened(found, lock, Store("nowhere"), plan(found, lock, {}))
    judged = Place("mnli", "en", "validation")
    seen = {cell.target for cell in grid.plan.cells if judged in overlaps.seen(grid, cell)}
    assert seen == {"xnli"}


def test_what_was_found_is_kept_until_the_data_change(folder: Path, study: Study, lock: Lock, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "runs"))
    assert overlaps.kept(store, study, lock) is None
    table = overlaps.find(study, lock, roots(folder))
    overlaps.keep(store, study, lock, table)
    kept = overlaps.kept(store, study, lock)
    assert kept is not None and kept.equals(table)
    (path,) = store.names("overlaps")
    changed = lock.model_copy(
        update={"splits": {**lock.splits, "pawsx/en/test": made.split("pawsx/en/test", data="other")}}
    )
    assert overlaps.kept(store, study, changed) is None
    store.put(path, b"half of it")
    assert overlaps.kept(store, study, lock) is None


def test_data_that_are_no_longer_what_the_lock_says_are_told(tmp_path: Path) -> None:
    path = study_file(tmp_path)
    found = reading.read(path)
    lock = resolve.lock_of(found, roots(tmp_path))
    put(tmp_path / "data", PAWSX, "en", "test", *overlapping.pairs(EN[30:33], DE[30:33], [0, 1, 2]))
    with pytest.raises(LockError, match="no longer what the lock was made from") as error:
        overlaps.find(found, lock, roots(tmp_path))
    assert str(locks.path_of(path)) in error.value.where


def test_data_without_the_column_that_ties_translations_are_told(tmp_path: Path) -> None:
    path = study_file(tmp_path)
    table, features = overlapping.pairs(EN[:3], DE[:3], [0, 1, 2])
    del features["id"]
    for split in ("validation", "test"):
        put(tmp_path / "data", PAWSX, "de", split, table.drop_columns("id"), features)
    found = reading.read(path)
    with pytest.raises(DataError, match="column 'id' is missing"):
        overlaps.find(found, resolve.lock_of(found, roots(tmp_path)), roots(tmp_path))


def test_what_a_model_was_pretrained_on_changes_no_key(folder: Path, study: Study, lock: Lock, tmp_path: Path) -> None:
    plain = tmp_path / "study.yaml"
    plain.write_text((folder / "study.yaml").read_text().replace(MULTILINGUAL, "tiny"))
    other = reading.read(plain)
    assert other.models[0].pretrained_on == ()
    assert made.all_keys(plan(other, resolve.lock_of(other, roots(folder)), {})) == made.all_keys(plan(study, lock, {}))


def test_what_a_model_was_pretrained_on_is_in_the_lock(study: Study, lock: Lock) -> None:
    assert {place for place in lock.splits if place.startswith("multi")} == {
        "multilingual_text/de/train",
        "multilingual_text/en/train",
    }
    bare = lock.model_copy(update={"asked": tuple(place for place in lock.asked if not place.startswith("multi"))})
    with pytest.raises(LockError, match="multilingual_text/ar/train is not in the lock"):
        check_asked(study, bare)


def test_text_of_which_there_is_no_language_is_told_with_its_place(tmp_path: Path) -> None:
    path = study_file(tmp_path, LINES.replace("[multilingual_text]", "[multilingual_text, world_text]"))
    for file in (tmp_path / "data" / overlapping.TEXT).rglob("*.parquet"):
        file.unlink()
    (tmp_path / "data" / overlapping.TEXT / "README.md").write_text("")
    put(tmp_path / "data", overlapping.TEXT, "xx", "train", pa.table({"text": EN}), {"text": STRING})
    with pytest.raises(DataError, match="the data hold no language of 'multilingual_text'") as error:
        resolve.lock_of(reading.read(path), roots(tmp_path))
    assert error.value.where.startswith(f"{path}:") and overlapping.TEXT in error.value.fix


def test_a_model_without_a_mask_may_have_been_pretrained_on_text(tmp_path: Path) -> None:
    path = study_file(tmp_path)
    tokenizer = tmp_path / "models" / "tiny" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace("<mask>", "<hidden>"))
    found = reading.read(path)
    assert resolve.lock_of(found, roots(tmp_path)).splits["multilingual_text/en/train"].rows == 21
    assert opened(found, resolve.lock_of(found, roots(tmp_path)), Store(str(tmp_path / "runs"))).plan.cells
