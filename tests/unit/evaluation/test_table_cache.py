"""The cache of a machine: one process makes a table and all map it; what goes wrong with it costs time alone."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from xfer.evaluation.cache import ABANDONED, TableCache

TABLE = pa.table({"row": np.arange(1000, dtype=np.int32), "ids": [[number] * 3 for number in range(1000)]})


@pytest.fixture
def cache(tmp_path: Path) -> TableCache:
    return TableCache(tmp_path / "cache")


def put(cache: TableCache, key: str, table: pa.Table = TABLE) -> pa.Table:
    with cache.alone(key):
        return cache.put(key, table)


def files(folder: Path, ending: str = ".arrow") -> list[Path]:
    return sorted((folder / "cache").glob(f"*{ending}"))


def mapped(folder: Path) -> int:
    """How many of the cache's files this process has in its memory."""
    return sum(str(folder) in line for line in Path("/proc/self/maps").read_text().splitlines())


def test_what_was_put_is_found_and_is_the_files_own_memory(cache: TableCache, tmp_path: Path) -> None:
    assert cache.find("a") is None and not cache.holds("a")
    before = pa.total_allocated_bytes()
    found = put(cache, "a")
    assert found.equals(TABLE) and cache.holds("a") and mapped(tmp_path) == 1
    assert pa.total_allocated_bytes() == before, "no copy of it"
    again = TableCache(tmp_path / "cache").find("a")
    assert again is not None and again.equals(TABLE) and cache.find("b") is None


def test_a_table_in_pieces_becomes_one(cache: TableCache) -> None:
    found = put(cache, "a", pa.concat_tables([TABLE.slice(0, 10), TABLE.slice(10)]))
    assert found.equals(TABLE) and found["ids"].num_chunks == 1
    assert put(cache, "empty", TABLE.slice(0, 0)).num_rows == 0


@pytest.mark.parametrize("damage", ["cut", "emptied", "one bit", "not Arrow"])
def test_a_damaged_table_is_not_found_and_can_be_made_again(cache: TableCache, tmp_path: Path, damage: str) -> None:
    put(cache, "a")
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    damaged = {"cut": path.read_bytes()[:-40], "emptied": b"", "one bit": bytes(content), "not Arrow": b"text"}
    path.write_bytes(damaged[damage])
    assert cache.find("a") is None
    assert put(cache, "a").equals(TABLE) and len(files(tmp_path)) == 1


def test_a_folder_that_cannot_be_written_costs_no_more_than_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/no/such/place")):
        cache = TableCache(place)
        assert cache.find("a") is None and not cache.holds("a")
        assert put(cache, "a") is TABLE and cache.find("a") is None


def test_the_least_used_table_goes_first_and_who_has_it_mapped_goes_on(tmp_path: Path) -> None:
    cache = TableCache(tmp_path / "cache", limit=3 * TABLE.nbytes + 10_000)
    first = put(cache, "a")
    for number, key in enumerate("bc"):
        put(cache, key)
        os.utime(files(tmp_path)[-1], (number, number))
    os.utime(files(tmp_path)[0], (1, 2))
    assert cache.find("b") is not None, "b has been used last now"
    put(cache, "d")
    assert [cache.holds(key) for key in "abcd"] == [True, True, False, True]
    assert not (tmp_path / "cache" / "c.lock").exists()
    put(cache, "e")
    assert not cache.holds("a") and first.equals(TABLE)


def test_a_table_larger_than_all_room_is_not_kept_and_drives_nothing_out(tmp_path: Path) -> None:
    cache = TableCache(tmp_path / "cache", limit=TABLE.nbytes + 5_000)
    put(cache, "small")
    large = pa.concat_tables([TABLE] * 4)
    assert put(cache, "large", large) is large
    assert cache.holds("small") and not cache.holds("large") and files(tmp_path, ".part") == []


def test_what_a_killed_process_left_is_swept_in_time(cache: TableCache, tmp_path: Path) -> None:
    put(cache, "a")
    old, new = tmp_path / "cache" / ".old.part", tmp_path / "cache" / ".new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, old.stat().st_mtime - ABANDONED - 60))
    put(cache, "b")
    assert new.exists() and not old.exists()


def _race(folder: Path, barrier: Any, answers: Any) -> None:
    cache = TableCache(folder)
    barrier.wait()
    with cache.alone("a"):
        found, made = cache.find("a"), 0
        if found is None:
            made, found = 1, cache.put("a", TABLE)
    answers.put((made, found.equals(TABLE), mapped(folder)))


def test_of_processes_that_race_one_makes_the_table_and_all_map_it(tmp_path: Path) -> None:
    spawned = multiprocessing.get_context("spawn")
    barrier, answers = spawned.Barrier(3), spawned.Queue()
    racers = [spawned.Process(target=_race, args=(tmp_path / "cache", barrier, answers)) for _ in range(3)]
    for racer in racers:
        racer.start()
    found = [answers.get(timeout=60) for _ in racers]
    for racer in racers:
        racer.join()
    assert sorted(made for made, _, _ in found) == [0, 0, 1]
    assert all(equal and held == 1 for _, equal, held in found)
