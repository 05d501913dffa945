"""A file is read again only when it has changed; and a memory that fails costs time alone."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

from xfer.store import digests

LONG_AGO = 10**18


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which checksums are remembered."""
    monkeypatch.setenv("XFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(digests, "SETTLED", -1.0)  # the time of change of a test's file is now
    return tmp_path / "cache" / "digests.sqlite"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"weights")
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return path


def expected(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def remembered(memory: Path) -> dict[str, str]:
    with sqlite3.connect(memory) as connection:
        found = dict(connection.execute("select path, sha256 from digests").fetchall())
    connection.close()
    return found


def test_what_was_read_once_is_remembered(memory: Path, file: Path) -> None:
    assert digests.sha256(file) == expected(file)
    assert remembered(memory) == {str(file): expected(file)}
    connection = sqlite3.connect(memory, isolation_level=None)
    connection.execute("update digests set sha256 = 'from memory'")
    connection.close()
    assert digests.sha256(file) == "from memory"


@pytest.mark.parametrize("change", ["another size", "the same size", "another file", "the same time"])
def test_a_file_that_has_changed_is_read_again(memory: Path, file: Path, change: str) -> None:
    digests.sha256(file)
    if change == "another size":
        file.write_bytes(b"more weights")
    elif change == "the same size":
        file.write_bytes(b"WEIGHTS")
    elif change == "another file":
        new = file.with_name("new")
        new.write_bytes(b"WEIGHTS")
        new.replace(file)
    else:
        file.write_bytes(b"WEIGHTS")
        os.utime(file, ns=(LONG_AGO, LONG_AGO))
    assert digests.sha256(file) == expected(file)


def test_a_file_that_has_just_changed_is_not_remembered(
    memory: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SETTLED", 3600.0)
    assert digests.sha256(file) == expected(file) and remembered(memory) == {}


@pytest.mark.parametrize("trouble", ["no folder", "no database"])
def test_without_a_memory_files_are_read(memory: Path, file: Path, trouble: str) -> None:
    if trouble == "no folder":
        memory.parent.write_bytes(b"a file")
    else:
        memory.parent.mkdir()
        memory.write_bytes(b"no database" * 100)
    assert digests.sha256(file) == digests.sha256(file) == expected(file)


def test_a_file_that_is_not_there_is_an_error(memory: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digests.sha256(tmp_path / "absent")
