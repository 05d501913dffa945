"""What a Ray cluster is asked and what its answers mean, as far as no cluster is needed to know."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests

from cluster import ray_jobs, ray_runs
from cluster.place import Absent, PlaceError
from cluster.places import RayPlace
from cluster.ray_jobs import Job, RayJobs, find_token

SECRET = "5e" * 32
FILES = {"study.yaml": "study: s", "study.lock.json": "{}", "tasks/own.py": "TASK = 1"}
END = json.dumps({"time": 2.0, "event": "end", "unfinished": 0})
BEGIN = json.dumps(
    {"time": 1.0, "event": "study", "study": "s", "phases": 2, "cached": 0, "cells": 1, "evaluations": 1,
     "experiments": 0, "steps": 9}
)  # fmt: skip


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody without a token."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)


def test_a_token_is_looked_for_where_ray_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_token(None) is None
    usual, named, given = tmp_path / "home/.ray/auth_token", tmp_path / "named", tmp_path / "given"
    usual.parent.mkdir(parents=True)
    for path in (usual, named, given):
        path.write_text(f"{path.name}\n")
    assert find_token(None) == ("auth_token", str(usual))
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(named))
    assert find_token(None) == ("named", str(named))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "variable")
    assert find_token(None) == ("variable", "RAY_AUTH_TOKEN")
    assert find_token(given) == ("given", str(given))


@pytest.mark.parametrize("text", ["", " \n", f"{SECRET}\n{SECRET}", f"Bearer {SECRET}", "schlüssel"])
def test_what_is_no_token_is_not_printed(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(PlaceError, match="this is no token") as raised:
        find_token(tmp_path / "token")
    assert SECRET not in str(raised.value)


def test_a_token_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlaceError, match="mend 'token' in places"):
        find_token(tmp_path / "none")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(PlaceError, match="mend RAY_AUTH_TOKEN_PATH"):
        find_token(None)


def answer(status: int, text: str = "", location: str = "") -> requests.Response:
    made = requests.Response()
    made.status_code, made._content = status, text.encode()
    made.headers["Location"] = location
    return made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer(401, "Unauthorized"), "the cluster asks for a token"),
        (answer(403, "Forbidden"), "the cluster does not accept the token of"),
        (answer(404, "Job s.1 does not exist"), "cannot look: Job s.1 does not exist"),
        (answer(302, location=f"https://login.example/?next={SECRET}"), "sends us on to https://login.example\n"),
        (answer(500, "Traceback\n  File\nValueError: it is full.\n.\n"), "cannot look: ValueError: it is full."),
        (answer(502), "cannot look: status 502"),
    ],
)
def test_a_refusal_is_one_message_without_a_secret(tmp_path: Path, given: requests.Response, said: str) -> None:
    (tmp_path / "token").write_text(SECRET)
    refusal = RayJobs("https://me:word@ray.example:8265/desk/", tmp_path / "token").refusal(given, "look")
    assert said in str(refusal) and str(refusal).startswith("Ray at ray.example:8265: ") and refusal.fix
    assert SECRET not in str(refusal) and "word" not in str(refusal)
    assert isinstance(refusal, Absent) == (given.status_code == 404)


class Broken(RayJobs):
    """A job that ends after a while, and a stream of its log that breaks off now and then."""

    def __init__(self, streams: list[list[str]], log: list[str]) -> None:
        super().__init__("http://desk:8265", None)
        self._streams, self._log = iter([*streams, None]), log
        self._now: list[str] | None = None

    def job(self, job: str) -> Job:
        self._now = next(self._streams)
        return {"status": "SUCCEEDED" if self._now is None else "RUNNING"}

    def _stream(self, job: str) -> Any:
        return iter(self._now or [])

    def lines(self, job: str) -> list[str]:
        return self._log


@pytest.mark.parametrize("streams", [[], [["a"]], [["a", "b"], [], ["a"], ["a", "b", "c"]], [["a", "b", "c", "d"]]])
def test_every_line_is_heard_once_however_the_stream_breaks(
    streams: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_jobs, "PAUSE", 0)
    assert list(Broken(streams, ["a", "b", "c", "d"]).follow("s.1")) == ["a", "b", "c", "d"]


def test_lines_come_where_no_stream_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(RayJobs, "_socket", refuse)
    monkeypatch.setattr(RayJobs, "lines", lambda *_: ["a", "b", "ha"])
    assert list(RayJobs("http://desk:8265", None)._stream("s.1")) == ["a", "b"], "the last may be half a line"


def test_a_package_is_named_by_its_content_and_importable_is_none_of_it() -> None:
    packed = ray_runs.package(FILES)
    assert packed == ray_runs.package(dict(reversed(FILES.items())))
    assert packed.name != ray_runs.package({**FILES, "study.yaml": "study: t"}).name
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            f"study/{name}": text for name, text in FILES.items()
        }
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}


def test_a_request_says_all_and_shows_no_secret() -> None:
    place = RayPlace(address="http://desk:8265", storage="s3://xfer/store", env={"AWS_KEY": SECRET, "XFER_DATA": "/d"})
    packed = ray_runs.package(FILES)
    made = ray_runs.request(place, "s.1", "jobs.run_study", "my study.yaml", packed, "s")
    assert made["entrypoint"] == "python -P -u -m jobs.run_study 'study/my study.yaml'"
    assert made["metadata"] == {"xfer.dev/study": "s"}
    assert made["runtime_env"]["working_dir"] == f"gcs://{packed.name}"
    variables = made["runtime_env"]["env_vars"]
    assert variables == {
        "AWS_KEY": SECRET, "XFER_DATA": "/d", "XFER_STORAGE": "s3://xfer/store", "RAY_JOB_STOP_WAIT_TIME_S": "300",
    }  # fmt: skip
    shown = ray_runs.without_secrets(made)
    assert SECRET not in str(shown)
    assert shown["runtime_env"]["env_vars"] == {**variables, "AWS_KEY": "***"}
    assert made["runtime_env"]["env_vars"]["AWS_KEY"] == SECRET, "what is sent is not what is shown"


def job(name: str, status: str = "RUNNING", ours: bool = True, **told: Any) -> Job:
    metadata = {"xfer.dev/study": name.rpartition(".")[0]} if ours else None
    return {"submission_id": name, "status": status, "metadata": metadata, "message": "Job waits.", **told}


def test_the_newest_job_of_a_study_is_its_run_and_ids_are_used_once() -> None:
    jobs = [job("s.10"), job("s.2"), job("t.1"), job("s.11", ours=False), job("raysubmit_x", ours=False)]
    assert {name: found["submission_id"] for name, found in ray_runs.newest(jobs).items()} == {"s": "s.10", "t": "t.1"}
    assert ray_runs.next_id("s", jobs) == "s.12", "that of a job that is not ours is taken, too"
    assert ray_runs.next_id("u", jobs) == "u.1"


def error(code: int) -> str:
    return json.dumps({"time": 2.0, "event": "error", "message": "no", "code": code})


@pytest.mark.parametrize(
    ("status", "lines", "state", "code"),
    [
        ("PENDING", [], "waiting", 1),
        ("RUNNING", ["Running entrypoint"], "waiting", 1),
        ("RUNNING", [BEGIN], "running", 1),
        ("SUCCEEDED", [BEGIN, END], "done", 0),
        ("SUCCEEDED", [], "done", 0),
        ("STOPPED", [BEGIN, error(130)], "stopped", 130),
        ("STOPPED", [BEGIN], "stopped", 130),
        ("STOPPED", [BEGIN, END], "done", 0),
        ("FAILED", [BEGIN, error(2)], "failed", 2),
        ("FAILED", [], "failed", 1),
    ],
)
def test_a_run_is_what_its_driver_says_and_else_what_ray_says(
    status: str, lines: list[str], state: str, code: int
) -> None:
    run = ray_runs.judged(job("s.1", status), lines)
    assert (run.name, run.state, run.code) == ("s", state, code)


@pytest.mark.parametrize(
    ("told", "lines", "said"),
    [
        ({"driver_exit_code": 127}, ["/bin/sh: 1: python: not found"], "xfer cannot be started there (/bin/sh: 1: py"),
        ({"driver_exit_code": 1}, ["python: No module named jobs"], "install it, and a 'python', on all machines"),
        ({"driver_exit_code": 137}, [BEGIN], "signal 9 ended its driver; the same study, run again, goes on"),
        ({"driver_exit_code": -9}, [], "signal 9 ended its driver"),
        ({"driver_exit_code": 3}, ["Fatal: out of files", BEGIN], "its driver ended with code 3 (Fatal: out of files)"),
        ({"message": "runtime_env setup\n failed"}, [], "runtime_env setup failed"),
    ],
)
def test_why_a_job_failed_is_told(told: dict[str, Any], lines: list[str], said: str) -> None:
    (trouble,) = ray_runs.judged(job("s.1", "FAILED", **told), lines).troubles
    assert said in trouble


def test_a_refused_command_has_its_own_words() -> None:
    lines = [
        "INFO Runtime env is setting up.",
        "Running entrypoint for job s.lock-1: python",
        BEGIN,
        "no data",
        "  -> x",
    ]
    assert ray_runs.refused(job("s.1", "FAILED", driver_exit_code=2), lines) == "no data\n  -> x"
    assert "signal 9" in ray_runs.refused(job("s.1", "FAILED", driver_exit_code=137), lines)
