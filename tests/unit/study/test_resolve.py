"""Making a lock where the data are, and holding one against them."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import world
from tests.unit.study.made import study
from tests.world import World
from xfer.errors import DataError, LockError
from xfer.study import resolve
from xfer.study.lock import Lock
from xfer.study.needs import needs
from xfer.study.resolve import Roots
from xfer.study.schema import Study

FIELDS = {"seeds": "[11]", "arms": "[none, snli]", "targets": "[xnli, udpos, tatoeba]"}


def roots(held: World) -> Roots:
    return Roots((held.data,), (held.models,))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study(tmp_path_factory.mktemp("study"), **FIELDS)


@pytest.fixture(scope="module")
def made(small: Study, small_world: World) -> Lock:
    return resolve.resolve(small, roots(small_world))


@pytest.fixture
def copied(tmp_path: Path, small_world: World) -> World:
    """A world of its own, that a test may change."""
    return World(shutil.copytree(small_world.folder, tmp_path / "world"))


def test_a_lock_holds_every_split_that_the_study_may_read(made: Lock) -> None:
    assert sorted(made.splits) == sorted(
        ["mnli/en/train", "snli/en/train", "udpos/en/train", "tatoeba/de/test"]
        + [f"{task}/{code}/{split}" for task in ("xnli", "udpos") for code in ("en", "de") for split in EVALUATED]
    )
    assert made.tasks.keys() == {"mnli", "snli", "xnli", "udpos", "tatoeba"}
    assert made.revisions == {}, "nothing comes from the Hub"


EVALUATED = ("validation", "test")


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("mnli/en/train", "nyu-mll/glue/mnli/train.parquet"),
        ("xnli/de/test", "facebook/xnli/de/test.parquet"),
        ("udpos/de/validation", "google/xtreme/udpos.German/validation.parquet"),
        ("tatoeba/de/test", "mteb/tatoeba-bitext-mining/deu-eng/test.parquet"),
    ],
)
def test_a_lock_counts_the_rows_of_the_files(made: Lock, small_world: World, place: str, file: str) -> None:
    assert made.splits[place].rows == pq.read_metadata(small_world.data / file).num_rows


def test_a_lock_measures_lengths_in_sub_tokens(made: Lock) -> None:
    """Two sentences of at most 7 words and 4 special tokens; one of 7 and 2; retrieval asks two inputs a row."""
    lengths = {place: split.lengths["tiny"] for place, split in made.splits.items()}
    assert lengths["mnli/en/train"] == {24: 160}
    assert lengths["udpos/en/train"] == {16: 120}
    assert lengths["tatoeba/de/test"] == {16: 80}


def test_a_lock_counts_the_models_parameters(made: Lock) -> None:
    embeddings = 41 * 32 + 66 * 32 + 32 + 2 * 32
    layer = 4 * (32 * 32 + 32) + (64 * 32 + 64) + (32 * 64 + 32) + 4 * 32
    assert made.models["tiny"].embedding_parameters == embeddings
    assert made.models["tiny"].parameters == embeddings + 2 * layer


def test_two_folders_under_one_name_give_two_locks(tmp_path: Path, small_world: World) -> None:
    """What is counted and measured are the rows that the fingerprint is of, whatever was read before."""
    found = study(tmp_path, arms="[none]", targets="[mnli]", evaluate="[{splits: [validation]}]")
    splits = []
    for name, rows in (("one", 30), ("two", 50)):
        for split in ("train", "validation_matched"):
            world.put(tmp_path / name, "nyu-mll/glue", "mnli", split, *world.nli(random.Random(rows), rows))
        made = resolve.resolve(found, Roots((tmp_path / name,), (small_world.models,)))
        splits.append(made.splits["mnli/en/train"])
    assert splits[0].data != splits[1].data
    assert [split.rows for split in splits] == [30, 50]


def test_what_has_not_changed_fits_its_lock(small: Study, made: Lock, copied: World) -> None:
    resolve.check_data(small, made, roots(copied), Path("study.lock.json"))


def test_data_that_changed_after_locking_are_named(small: Study, made: Lock, copied: World) -> None:
    changed = copied.data / "facebook/xnli/de/test.parquet"
    shutil.copy(copied.data / "facebook/xnli/de/validation.parquet", changed)
    with pytest.raises(LockError, match="no longer what the lock was made from") as raised:
        resolve.check_data(small, made, roots(copied), Path("study.lock.json"))
    assert f"{copied.data / 'facebook/xnli'} (de, test)" in raised.value.what
    assert raised.value.where == "study.lock.json"
    assert "xfer lock" in raised.value.fix


def test_a_model_that_changed_after_locking_is_named(small: Study, made: Lock, copied: World) -> None:
    world.model(copied.models / "tiny", seed=1)
    with pytest.raises(LockError, match="no longer what the lock was made from") as raised:
        resolve.check_data(small, made, roots(copied), Path("study.lock.json"))
    assert str(copied.models / "tiny") in raised.value.what


def test_data_that_are_gone_after_locking_are_named(small: Study, made: Lock, copied: World) -> None:
    (copied.data / "facebook/xnli/de/test.parquet").unlink()
    with pytest.raises(DataError) as raised:
        resolve.check_data(small, made, roots(copied), Path("study.lock.json"))
    assert "facebook/xnli" in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1"], ids=["empty", "damaged"])
def test_a_file_that_cannot_be_read_is_named(small: Study, copied: World, content: bytes) -> None:
    (copied.data / "stanfordnlp/snli/plain_text/train.parquet").write_bytes(content)
    with pytest.raises(DataError) as raised:
        resolve.resolve(small, roots(copied))
    assert f"{copied.data / 'stanfordnlp/snli'} (plain_text, train)" in str(raised.value)
    assert raised.value.fix


def test_training_data_that_a_root_lacks_are_named(small: Study, copied: World) -> None:
    folder = copied.data / "stanfordnlp/snli"
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: other\n  data_files: plain_text/train.parquet\n---\n"
    )
    with pytest.raises(DataError, match="no such configuration and split") as raised:
        resolve.resolve(small, roots(copied))
    assert f"{folder} (plain_text, train)" in raised.value.where
    assert str(copied.data) in raised.value.fix


def test_a_language_that_the_data_lack_is_named_with_its_place(tmp_path: Path, small_world: World) -> None:
    found = study(tmp_path, arms="[none]", targets="[xnli]", evaluate="[{languages: [de, sw]}]")
    with pytest.raises(DataError, match="the data hold no 'sw'") as raised:
        resolve.resolve(found, roots(small_world))
    assert raised.value.where == f"{tmp_path / 'study.yaml'}:8:29"
    assert raised.value.fix == "they hold de, en"


NEEDS: dict[str, tuple[dict[str, str], set[str]]] = {
    "the last checkpoint": ({}, set()),
    "the best checkpoint": ({"select": "{rule: best}"}, {"mnli/en/validation", "udpos/en/validation"}),
    "the best in German": ({"select": "{rule: best, on: validation/de}", "targets": "[udpos]"}, {
        "udpos/de/validation",
    }),
    "tuning": (
        {"tune": "{learning_rate: [1e-3, 1e-4], seeds: [1]}"}, {"mnli/en/validation", "udpos/en/validation"},
    ),
    "tuning in German": (
        {"tune": "{learning_rate: [1e-3, 1e-4], seeds: [1], on: validation/de}", "targets": "[udpos]"},
        {"udpos/de/validation"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NEEDS)
def test_validation_data_are_needed_where_something_is_chosen_on_them(tmp_path: Path, name: str) -> None:
    fields, places = NEEDS[name]
    fields = {"arms": "[none]", "targets": "[xnli, udpos]", "evaluate": "[{languages: [en], splits: [test]}]", **fields}
    needed = {f"{t}/{code}/{split}" for t, code, split, must in needs(study(tmp_path, **fields)) if must}
    assert {place for place in needed if not place.endswith("train")} >= places
    if not places:
        assert needed == {"mnli/en/train", "udpos/en/train"}


def test_a_target_needs_something_to_be_evaluated_on_in_one_entry_of_evaluate(
    tmp_path: Path, small_world: World
) -> None:
    entry = "{tasks: all, languages: all, splits: [%s]}"
    only_test = {"targets": "[xnli, tatoeba]", "evaluate": f"[{entry % 'validation'}, {entry % 'test'}]"}
    assert "tatoeba/de/test" in resolve.resolve(study(tmp_path, **only_test), roots(small_world)).splits
    nothing = study(tmp_path, targets="[xnli, tatoeba]", evaluate=f"[{entry % 'validation'}]")
    with pytest.raises(DataError, match="no data to evaluate target 'tatoeba' on") as error:
        resolve.resolve(nothing, roots(small_world))
    assert error.value.where == nothing.where("targets", 1)
