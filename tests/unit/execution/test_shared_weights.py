"""Whose weights they are: of several studies in one store, and of a store that was fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.execution.walking import MORE, NONE, Lane, plan_of, states, walk, weights
from xfer.reports.views import Views
from xfer.store import studies, tables
from xfer.store.store import Store
from xfer.study import state


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "runs"))


@pytest.fixture
def lane(store: Store) -> Lane:
    return Lane(store)


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_of_two_studies_the_one_that_keeps_all_has_all(
    tmp_path: Path, store: Store, lane: Lane, order: tuple[str, str]
) -> None:
    keeps = {"one": NONE, "two": "{weights: all}"}
    trained = []
    for name in order:
        assert walk(tmp_path, store, lane, study=name, keep=keeps[name])[0] == 0
        trained += lane.trained
    if order[0] == "two":
        assert weights(store) == set(plan_of(tmp_path).phases) and len(trained) == 3
        studies.forget(store, "two")
        walk(tmp_path, store, lane, study="one", keep=NONE)
    else:
        assert len(trained) == 3, "complete as they are, for what is evaluated"
    assert weights(store) == set()


def test_of_two_studies_that_keep_none_the_last_one_drops(tmp_path: Path, store: Store, lane: Lane) -> None:
    other = state.needs(plan_of(tmp_path, study="two"), "two.yaml")
    studies.declare(store, other)  # it is on its way
    assert walk(tmp_path, store, lane, study="one", keep=NONE)[0] == 0
    assert weights(store) == set(plan_of(tmp_path).phases)
    assert walk(tmp_path, store, lane, study="two", keep=NONE)[0] == 0
    assert lane.trained == [] and weights(store) == set()


def test_a_study_whose_needs_cannot_be_read_keeps_everything_and_stops_nobody(
    tmp_path: Path, store: Store, lane: Lane
) -> None:
    store.put("studies/other.json", b"{")
    assert walk(tmp_path, store, lane, keep=NONE)[0] == 0
    assert len(weights(store)) == 3
    store.delete("studies/other.json")
    assert walk(tmp_path, store, lane, keep=NONE)[0] == 0 and weights(store) == set()


def test_a_fetched_store_is_whole(tmp_path: Path, store: Store, lane: Lane) -> None:
    walk(tmp_path, store, lane)
    archive, here = tmp_path / "tables.tar.gz", Store(str(tmp_path / "here"))
    with archive.open("wb") as stream:
        tables.pack(store, "small", stream)
    tables.unpack(archive, here)
    plan = plan_of(tmp_path)
    assert states(here, plan) == {"without weights"} and weights(here) == set()
    for name in ("scores", "cells", "predictions", "phases", "curves"):
        assert Views(plan, here).table(name) == Views(plan, store).table(name)
    away = Lane(here)
    assert walk(tmp_path, here, away)[0] == 0 and away.trained == away.evaluated == []
    assert walk(tmp_path, here, away, targets=MORE)[0] == 0 and len(away.trained) == 3
    assert weights(here) == set(away.trained), "what was trained here is here"
