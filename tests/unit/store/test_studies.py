"""The list of studies: what each needs, and that nothing is taken for a need that is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from xfer.errors import StoreError
from xfer.store import studies
from xfer.store.store import Store
from xfer.store.studies import Needs

NEEDS = Needs(
    study="small",
    file="studies/small.yaml",
    phases={"0123456789ab": ("last", "best-ba9876543210")},
    evaluations={"aaaaaaaaaaaa": ("bbbbbbbbbbbb",)},
    experiments=("cccccccccccc",),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def test_what_is_declared_is_what_is_listed(store: Store) -> None:
    assert list(studies.each(store)) == [] == studies.names(store)
    other = NEEDS.model_copy(update={"study": "another", "phases": {}, "experiments": ()})
    studies.declare(store, NEEDS)
    studies.declare(store, other)
    assert list(studies.each(store)) == [other, NEEDS]
    assert studies.names(store) == ["another", "small"]


def test_an_entry_is_readable_json_with_these_fields(store: Store) -> None:
    studies.declare(store, NEEDS)
    assert json.loads(store.get("studies/small.json") or b"") == {
        "study": "small",
        "file": "studies/small.yaml",
        "phases": {"0123456789ab": ["last", "best-ba9876543210"]},
        "evaluations": {"aaaaaaaaaaaa": ["bbbbbbbbbbbb"]},
        "experiments": ["cccccccccccc"],
        "trials": [],
        "weights": None,
    }


def test_a_study_declared_again_needs_what_it_said_last(store: Store) -> None:
    studies.declare(store, NEEDS)
    fewer = NEEDS.model_copy(update={"phases": {"other": ("last",)}})
    studies.declare(store, fewer)
    assert list(studies.each(store)) == [fewer]


def test_weights_are_wanted_by_other_studies_all_that_they_need_unless_they_say_less(store: Store) -> None:
    for name, weights in (("a", {"0123456789ab": ("last",)}), ("b", None), ("c", {})):
        studies.declare(store, NEEDS.model_copy(update={"study": name, "weights": weights}))
    assert studies.weights_wanted(store, "0123456789ab", but="b") == {"last"}
    assert studies.weights_wanted(store, "0123456789ab", but="a") == {"last", "best-ba9876543210"}
    assert studies.weights_wanted(store, "ffffffffffff", but="") == set()
    studies.forget(store, "b")
    assert studies.weights_wanted(store, "0123456789ab", but="a") == set()
    store.put("studies/d.json", b"{")
    with pytest.raises(StoreError):
        studies.weights_wanted(store, "0123456789ab", but="a")


def test_a_study_is_forgotten_once_and_what_it_made_stays(store: Store) -> None:
    studies.declare(store, NEEDS)
    store.put("phases/0123456789ab/record.json", b"{}")
    assert not studies.forget(store, "smal")
    assert studies.forget(store, "small")
    assert not studies.forget(store, "small")
    assert store.names("") == ["phases/0123456789ab/record.json"]


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".", "small.json"])
def test_what_is_no_name_is_not_in_the_list(store: Store, name: str) -> None:
    studies.declare(store, NEEDS)
    assert not studies.forget(store, name)
    assert studies.names(store) == ["small"]


def changed(**fields: Any) -> bytes:
    return json.dumps({**NEEDS.model_dump(mode="json"), **fields}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b'"small"', b"{}", b"\xff\xfe", changed()[:-2], changed(study="another"),
        changed(phases=["0123456789ab"]), changed(phases={"0123456789ab": "last"}), changed(phases=None),
        changed(evaluations={"aaaaaaaaaaaa": [1]}), changed(experiments="cccccccccccc"), changed(corpora=["mine"]),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_read_is_an_error_that_names_it_and_can_be_forgotten(
    store: Store, content: bytes
) -> None:
    """So is one that holds what this version does not know: it may be a need."""
    studies.declare(store, NEEDS.model_copy(update={"study": "fine"}))
    store.put("studies/small.json", content)
    with pytest.raises(StoreError, match=r"what study small needs") as error:
        list(studies.each(store))
    assert "studies/small.json" in error.value.where and "--forget small" in error.value.fix
    assert studies.forget(store, "small")
    assert [needs.study for needs in studies.each(store)] == ["fine"]


class Forgotten(Store):
    """Storage whose list is read just before a study is taken out of it."""

    def get(self, path: str) -> bytes | None:
        self.delete(path)
        return super().get(path)


def test_a_study_that_somebody_forgets_meanwhile_is_no_error(store: Store) -> None:
    studies.declare(store, NEEDS)
    assert list(studies.each(Forgotten(store.url))) == []


def test_needs_do_not_change_and_know_their_fields() -> None:
    with pytest.raises(ValidationError):
        Needs(study="small", file="x", phases={}, evaluations={})  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        NEEDS.study = "another"  # type: ignore[misc]
