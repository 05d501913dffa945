"""What is prepared ahead, and by whom: a process beside the workers that fills this machine's cache."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.study.made import ROWS, planned
from tests.world import World
from xfer.evaluation.cache import TableCache
from xfer.evaluation.prepared import Preparation
from xfer.execution import ahead
from xfer.execution.ahead import Ahead, preparing, wanted
from xfer.execution.jobs import Site
from xfer.models import spec
from xfer.models.base import Base
from xfer.phase.data_set import DataSet
from xfer.store.store import Store
from xfer.study.resolve import Roots
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import SHIPPED


def test_large_sets_are_wanted_once_and_what_is_trained_on_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path)
    assert wanted(plan) == (), f"{ROWS} rows are not worth it"
    monkeypatch.setattr(ahead, "ROWS", ROWS)
    found = wanted(plan)
    assert len({(one.model.name, one.data, one.max_length) for one in found}) == len(found)
    splits = [one.data.split for one in found]
    assert splits.count("train") and "test" not in splits[: splits.index("test")] and splits[0] == "train"
    assert max(i for i, split in enumerate(splits) if split == "train") < splits.index("test")
    assert {one.data for one in found} >= {data for held in plan.phases.values() for data in held.phase.trains_on}


def test_a_process_beside_fills_the_cache(small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XFER_CACHE", str(tmp_path / "cache"))
    roots, task = DataRoots((small_world.data,)), SHIPPED.get("mnli")
    model = spec.read("tiny", small_world.models / "tiny", None)
    data = DataSet("mnli", "en", "train", roots.fingerprint(task, "en", "train"), task.declaration_key, 160)
    site = Site(Store(str(tmp_path)), Roots((small_world.data,), (small_world.models,)), roots, SHIPPED, tmp_path)
    absent = replace(data, language="de")
    with preparing(site, [Ahead(model, absent, 32), Ahead(model, data, 32)]):
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "cache").glob("*.arrow"))) < 2:
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)
    base = Base(model, small_world.models / "tiny")
    mine = Preparation(roots, SHIPPED, base, TableCache(tmp_path / "mine")).of(data, 32)
    theirs = Preparation(DataRoots(), SHIPPED, base, TableCache(tmp_path / "cache"))
    assert mine.encoded.table.num_rows == 160
    assert theirs._cache.find(theirs._encoded_key(task, data, 32)) == mine.encoded.table
