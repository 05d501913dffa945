"""Files written whole, and events as JSON lines."""

from __future__ import annotations

import io
import json
import stat
import time
from pathlib import Path

import pytest

from xfer import events
from xfer.errors import UserError
from xfer.events import Events
from xfer.io import whole_folder, write_whole


def test_a_file_is_replaced_whole_in_folders_that_are_made_and_others_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "lock.json"
    write_whole(path, b"old and long")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [file.name for file in path.parent.iterdir()] == ["lock.json"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444


def test_a_path_that_cannot_be_written_is_a_user_error_that_names_it_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot write") as below_a_file:
        write_whole(tmp_path / "file" / "lock.json", b"x")
    assert str(tmp_path / "file" / "lock.json") in str(below_a_file.value)
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(UserError):
        write_whole(tmp_path / "folder", b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_folder_appears_whole_or_not_at_all_and_takes_no_others_place(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    with pytest.raises(ValueError, match="half way"), whole_folder(target) as inside:
        (inside / "first").write_text("1")
        raise ValueError("half way")
    assert list((tmp_path / "new").iterdir()) == []
    target.mkdir()
    with whole_folder(target) as inside:
        (inside / "first").write_text("1")
        assert list(target.iterdir()) == []
    assert [path.name for path in (tmp_path / "new").rglob("*")] == ["folder", "first"]
    assert stat.S_IMODE(target.stat().st_mode) & 0o055 == 0o055
    for taken in (target, target / "first"):
        with pytest.raises(UserError, match="there is something already"), whole_folder(taken):
            pass
    with pytest.raises(UserError, match="cannot write"), whole_folder(target / "first" / "below"):
        pass
    assert (target / "first").read_text() == "1"


def test_an_event_is_one_json_line_with_time_and_name_first() -> None:
    stream = io.StringIO()
    Events(stream).emit("phase", phase="ab", what="zwei\nZeilen ü")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    assert list(json.loads(lines[0])) == ["time", "event", "phase", "what"]
    assert json.loads(lines[0])["what"] == "zwei\nZeilen ü" and "ü" in lines[0]


def test_step_events_are_rare_but_the_last_step_is_always_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STEP_INTERVAL", 3600.0)
    stream = io.StringIO()
    sink = Events(stream)
    sink._last_step["ab"] = time.monotonic()
    for step in range(1, 101):
        sink.step("ab", step, 100, loss=0.5)
    assert [json.loads(line)["step"] for line in stream.getvalue().splitlines()] == [100]
    monkeypatch.setattr(events, "STEP_INTERVAL", 0.0)
    sink.step("ab", 5, 100)
    last = json.loads(stream.getvalue().splitlines()[-1])
    assert last | {"time": 0} == {
        "time": 0,
        "event": "step",
        "phase": "ab",
        "step": 5,
        "steps": 100,
    }
