"""Local data and models on their way: what travels, under which key, and where it is looked for when it has arrived."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cluster import inputs
from cluster.place import PlaceError
from jobs.inputs import find_inputs
from tests.unit.cluster.there import packed
from xfer.errors import StoreError
from xfer.store.arrival import receive
from xfer.store.store import Store
from xfer.study import lock as locks
from xfer.study import reading, resolve


@pytest.fixture
def locked(study_file: Path) -> Path:
    """The small study, with a lock made from folders."""
    locks.write(locks.path_of(study_file), resolve.lock_of(reading.read(study_file), resolve.Roots.from_environment()))
    return study_file


def found(path: Path) -> tuple[inputs.Input, ...]:
    study = reading.read(path)
    return inputs.of(study, locks.read(locks.path_of(path), study.registry), resolve.Roots.from_environment())


def test_what_was_locked_from_folders_travels_with_all_its_files(locked: Path, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "there"))
    for one in found(locked):
        with inputs.archive(one) as stream:
            receive(stream, store)
        assert store.get_json(one.mark) == {"name": one.name, "from": one.variable}
        arrived = tmp_path / "there" / "inputs" / one.key / one.name
        for path, file in one.files():
            assert (arrived / path).read_bytes() == file.read_bytes()
    assert {one.variable for one in found(locked)} == {"XFER_DATA", "XFER_MODELS"}


def test_pods_find_it_before_what_their_profile_names(
    locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    travelling = found(locked)
    monkeypatch.setenv("XFER_STORAGE", str(tmp_path / "there"))
    monkeypatch.setenv("XFER_INPUTS", inputs.variables(travelling)["XFER_INPUTS"])
    monkeypatch.setenv("XFER_DATA", "/data")
    monkeypatch.delenv("XFER_MODELS")
    find_inputs()
    folders = {
        v: [str(tmp_path / "there" / "inputs" / o.key) for o in travelling if o.variable == v] for v in VARIABLES
    }
    assert os.environ["XFER_DATA"].split(os.pathsep) == [*folders["XFER_DATA"], "/data"]
    assert os.environ["XFER_MODELS"].split(os.pathsep) == folders["XFER_MODELS"]


VARIABLES = ("XFER_DATA", "XFER_MODELS")


def test_the_key_follows_name_and_content(tmp_path: Path) -> None:
    for name, content in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(content)
    keys = {name: inputs.Input("XFER_DATA", "org/set", tmp_path / name).key for name in "abc"}
    assert keys["a"] == keys["b"] != keys["c"]
    assert inputs.Input("XFER_DATA", "org/other", tmp_path / "a").key != keys["a"]


def test_a_study_of_the_hub_has_nothing_to_bring(tmp_path: Path) -> None:
    assert packed(tmp_path).inputs == ()
    assert inputs.variables(()) == {}


def test_a_model_that_is_named_by_its_place_on_this_machine_cannot_travel(locked: Path) -> None:
    model = next(one for one in found(locked) if one.variable == "XFER_MODELS")
    content = locked.read_text().replace(model.name, str(model.folder.resolve()))
    locked.write_text(content)
    locks.write(locks.path_of(locked), resolve.lock_of(reading.read(locked), resolve.Roots.from_environment()))
    with pytest.raises(PlaceError, match=r"study\.yaml:\d+:\d+: the model .* cannot travel by that name"):
        found(locked)


def test_a_stream_that_breaks_off_leaves_no_mark(locked: Path, tmp_path: Path) -> None:
    one = found(locked)[0]
    store = Store(str(tmp_path / "there"))
    with inputs.archive(one) as stream:
        half = tmp_path / "half"
        content = stream.read()
        half.write_bytes(content[: len(content) // 2])
    with half.open("rb") as stream, pytest.raises(StoreError, match="did not arrive whole"):
        receive(stream, store)
    assert store.size(one.mark) is None
    assert json.loads(inputs.variables([one])["XFER_INPUTS"]) == {one.variable: [one.key]}
