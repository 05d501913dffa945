"""Copies: one for all who use the same at the same time, and none is left."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from xfer.store.copies import copied


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(temporary: Path) -> list[str]:
    (root,) = temporary.glob("xfer-copies-*")
    return sorted(path.name for path in root.iterdir())


def test_users_that_wait_for_each_other_share_a_copy_which_goes_with_the_last(temporary: Path) -> None:
    fills, seen = [], []
    inside = threading.Barrier(6)

    def fill(folder: Path) -> None:
        fills.append(folder)
        (folder / "weights").write_text("w" * 1000)

    def use() -> None:
        with copied("a", fill) as folder:
            inside.wait(timeout=20)
            seen.append((folder / "weights").read_text())

    for _ in range(20):
        users = [threading.Thread(target=use) for _ in range(6)]
        for user in users:
            user.start()
        for user in users:
            user.join()
        assert left(temporary) == ["making"]
    assert len(fills) == 20 and seen == ["w" * 1000] * 120


def test_users_that_come_and_go_never_see_half_a_copy(temporary: Path) -> None:
    names = [f"{i}" for i in range(50)]
    wrong: list[object] = []

    def fill(folder: Path) -> None:
        for name in names:
            (folder / name).write_text(name)

    def use() -> None:
        for _ in range(60):
            with copied("a", fill) as folder:
                found = sorted(path.name for path in folder.iterdir())
                if found != sorted(names):
                    wrong.append(found)

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert not wrong and left(temporary) == ["making"]


def test_a_copy_that_cannot_be_made_leaves_nothing_and_the_next_tries_again(temporary: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"), copied("a", fail):
        pass
    assert left(temporary) == ["making"]
    with copied("a", lambda folder: None) as folder:
        assert list(folder.iterdir()) == []


KILLED = """
import os, signal, sys, tempfile
from xfer.store.copies import copied
tempfile.tempdir = sys.argv[1]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with copied("whole", lambda folder: (folder / "x").touch()):
    copied("half", die).__enter__()
"""


def test_what_a_killed_process_leaves_goes_when_the_next_copy_is_made(temporary: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(temporary)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert left(temporary) == ["half.part", "making", "whole"]
    with copied("other", lambda folder: None):
        assert left(temporary) == ["making", "other"]
    assert left(temporary) == ["making"]
