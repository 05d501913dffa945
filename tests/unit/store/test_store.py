"""The store: exclusive create, and a few calls that mean the same everywhere."""

from __future__ import annotations

import pickle
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest

from xfer.errors import StoreError
from xfer.store.store import Store, as_json


def store_in(folder: Path) -> Store:
    return Store(str(folder / "store"))


def test_of_eight_threads_that_create_one_object_exactly_one_wins(tmp_path: Path) -> None:
    store, rounds = store_in(tmp_path), 30
    barrier = threading.Barrier(8)
    won: list[tuple[int, int]] = []

    def race(me: int) -> None:
        for turn in range(rounds):
            barrier.wait()
            if store.create(f"race/{turn}", str(me).encode()):
                won.append((turn, me))

    threads = [threading.Thread(target=race, args=(me,)) for me in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(turn for turn, _ in won) == dict.fromkeys(range(rounds), 1)
    assert all(store.get(f"race/{turn}") == str(me).encode() for turn, me in won)


def test_create_does_not_touch_what_is_there_and_put_replaces_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.create("a/b", b"first") and not store.create("a/b", b"second")
    assert store.get("a/b") == b"first"
    store.put("a/b", b"third one")
    assert (store.get("a/b"), store.size("a/b")) == (b"third one", 9)


def test_a_file_can_be_put_without_reading_it_into_memory_first(tmp_path: Path) -> None:
    store, file = store_in(tmp_path), tmp_path / "weights"
    file.write_bytes(b"w" * 100_000)
    store.put("deep/er/weights", file)
    assert store.get("deep/er/weights") == file.read_bytes()


def test_what_is_not_there_is_none_and_deleting_it_is_no_error(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.put("a/b/c", b"x")
    for path in ("nothing", "a", "a/b", "a/bc", "z/y/x"):
        assert (store.get(path), store.size(path), store.get_json(path)) == (None, None, None), path
    assert store.names("nothing") == [] == store.children("nothing")
    store.delete("nothing", "a/b/c", "a/b/c")
    assert store.names("") == []


def test_names_and_children_are_sorted_and_stop_at_path_segments(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for path in ("p/10/x", "p/2/y/z", "p/2/a", "p/file", "pq/1/x"):
        store.put(path, b"")
    assert store.names("p") == ["p/10/x", "p/2/a", "p/2/y/z", "p/file"]
    assert store.children("p") == ["10", "2"]
    assert store.children("p/2") == ["y"]


def test_move_renames_over_what_is_there(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.put("a.json", b"new")
    store.put("a.damaged", b"old")
    store.move("a.json", "a.damaged")
    assert store.names("") == ["a.damaged"] and store.get("a.damaged") == b"new"


@pytest.mark.parametrize("content", [b'{"a": 1', b"", b"\xff\xfe\x00", b"[1, 2]", b"3", b'"text"', b"null"], ids=repr)
def test_what_is_not_a_whole_json_object_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    store = store_in(tmp_path)
    store.put("record.json", content)
    assert store.get_json("record.json") is None


def test_json_comes_back_as_it_was_written_sorted_and_readable(tmp_path: Path) -> None:
    store, value = store_in(tmp_path), {"b": [1, {"ü": None}], "a": 0.5}
    store.put("x.json", as_json(value))
    assert store.get_json("x.json") == value
    assert (
        as_json(value).decode().index('"a"') < as_json(value).decode().index('"b"') and "ü" in as_json(value).decode()
    )


def test_a_store_goes_to_another_process_by_its_place_even_if_that_was_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store("here")
    store.put("a", b"x")
    monkeypatch.chdir("/")
    assert pickle.loads(pickle.dumps(store)).get("a") == b"x"


def test_a_folder_of_the_store_is_the_real_one_or_a_copy_with_the_same_files(tmp_path: Path) -> None:
    for store in (store_in(tmp_path), Store("memory:///")):
        store.put("c/model/config.json", b"{}")
        store.put("c/model/deep/weights", b"w")
        store.put("c/models", b"not below the folder")
        with store.folder("c/model") as folder:
            found = {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        assert found == {"config.json": b"{}", "deep/weights": b"w"}, store.url


def test_a_probe_for_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.require_writable()
    assert store.names("") == []


class Careless(Store):
    """Storage that does not know what it is to create."""

    def create(self, path: str, content: bytes) -> bool:
        self.put(path, content)
        return True


def test_storage_in_which_two_can_create_the_same_is_refused_and_the_probe_does_not_stay(tmp_path: Path) -> None:
    store = Careless(str(tmp_path / "store"))
    with pytest.raises(StoreError, match="two would train the same phase"):
        store.require_writable()
    assert store.names("") == []


def test_a_folder_may_be_named_by_an_address(tmp_path: Path) -> None:
    assert Store(f"file://{tmp_path}/store").url == str(tmp_path / "store")


@pytest.mark.parametrize("place", ["file", "file/below", "file/far/below"])
def test_a_store_at_or_below_a_regular_file_is_a_store_error_that_names_the_place(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="storage does not work") as error:
        Store(str(tmp_path / place)).require_writable()
    assert str(tmp_path / place) in str(error.value)


def test_an_address_of_an_unknown_kind_is_a_store_error() -> None:
    with pytest.raises(StoreError, match="nowhere://bucket"):
        Store("nowhere://bucket")


def test_a_full_disk_is_a_store_error_and_no_half_object_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True)
    except OSError as error:
        pytest.skip(f"cannot make a small disk: {error}")
    if mounted.returncode:
        pytest.skip(f"cannot make a small disk: {mounted.stderr.decode().strip()}")
    try:
        store = Store(str(disk))
        store.put("small", b"x" * 1000)
        for write in (store.put, store.create):
            with pytest.raises(StoreError, match=r"1\.0 MB were to be written and 0\.1 MB are free"):
                write("big", b"x" * 1_000_000)
        assert store.names("") == ["small"] and store.size("big") is None
        assert store.get("small") == b"x" * 1000
        store.require_writable()
    finally:
        subprocess.run(["umount", disk], check=True)
