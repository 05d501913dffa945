"""What a user sees of a run, and how a run in a subprocess ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster.on_laptop import OnLaptop
from cluster.place import Absent
from cluster.watch import Watch
from tests.unit.study.made import text

EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "a study": (
        {
            "event": "study",
            "study": "s",
            "phases": 8,
            "cached": 3,
            "evaluations": 20,
            "cells": 9,
            "experiments": 2,
            "steps": 40,
        },
        "s: 8 phases (3 in the store), 20 evaluations, 9 cells, 2 experiments; 40 steps to do",
    ),
    "a phase": (
        {
            "event": "phase",
            "phase": "abc",
            "roles": ["target"],
            "trains_on": "mnli",
            "steps": 9,
            "first_step": 0,
            "attempt": 1,
        },
        "abc  target on mnli: 9 steps",
    ),
    "a phase taken up again": (
        {
            "event": "phase",
            "phase": "abc",
            "roles": ["target"],
            "trains_on": "mnli",
            "steps": 9,
            "first_step": 4,
            "attempt": 2,
        },
        "abc  target on mnli: 9 steps from step 4 (attempt 2)",
    ),
    "a trained phase": (
        {"event": "trained", "phase": "abc", "steps": 30, "seconds": 60},
        "abc  trained in 60 s (0.5 steps/s)",
    ),
    "a phase of no time": (
        {"event": "trained", "phase": "abc", "steps": 0, "seconds": 0},
        "abc  trained in 0 s (0.0 steps/s)",
    ),
    "scores": (
        {
            "event": "scored",
            "phase": "abc",
            "task": "xnli",
            "split": "test",
            "metric": "accuracy",
            "values": {"de": 0.5, "en": 0.666},
        },
        "abc  xnli test accuracy: de 50.0  en 66.6",
    ),
    "a trial on its way": (
        {"event": "trial", "experiment": "e", "values": {"learning_rate": 1e-5}, "units": 2, "score": 0.5},
        "trial learning_rate 1e-05 so far: 50.0",
    ),
    "a trial at its end": (
        {"event": "trial", "experiment": "e", "values": {"learning_rate": 1e-5}, "units": 0, "score": 0.625},
        "trial learning_rate 1e-05: 62.5",
    ),
    "a trial that failed": (
        {"event": "trial", "experiment": "e", "values": {"learning_rate": 1e-5}, "units": 1, "score": None},
        "trial learning_rate 1e-05 so far: failed",
    ),
    "a decision": (
        {"event": "decided", "model": "m", "target": "t", "values": {"learning_rate": 1e-5}},
        "decided for m x t: learning_rate 1e-05",
    ),
    "a trial of an exploration": (
        {"event": "trial", "experiment": "e", "values": {"arm": "mix", "mix.mnli": 0.25}, "units": 0, "score": 0.5},
        "trial arm mix, mix.mnli 0.25: 50.0",
    ),
    "arms that were found": (
        {"event": "decided", "model": "m", "target": "t", "values": {"explored-1": {"arm": "snli"}}},
        "decided for m x t: explored-1 (arm snli)",
    ),
    "no decision": ({"event": "decided", "model": "m", "target": "t", "values": None}, "nothing: every trial failed"),
    "a failure": (
        {"event": "failed", "phase": "abc", "why": "loss is [not] a number"},
        "abc  FAILED: loss is [not] a number",
    ),
    "an end with failures": ({"event": "end", "unfinished": 2}, "2 cells are not done"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_a_line_for_people(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    event, line = EVENTS[name]
    with Watch() as watch:
        watch.line(json.dumps({"time": 1.0, **event}))
    assert line in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", ["", "not JSON", "[1]", "3", "null", '{"no": "event"}', '{"event": "of a later version"}', '{"event": 3}']
)
def test_what_is_no_event_is_not_shown(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Watch() as watch:
        watch.line(line)
    captured = capsys.readouterr()
    assert captured.out.strip() == captured.err == ""


def test_an_error_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with Watch() as watch:
        watch.line(json.dumps({"time": 1.0, "event": "error", "message": "no space left", "code": 2}))
    captured = capsys.readouterr()
    assert captured.err == "xfer: no space left\n"


def test_a_good_end_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Watch() as watch:
        watch.line(json.dumps({"time": 1.0, "event": "end", "unfinished": 0}))
    assert capsys.readouterr().out.strip() == ""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnLaptop:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return OnLaptop()


def test_a_run_hands_over_its_lines_and_what_it_came_to(here: OnLaptop, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(text(storage=str(tmp_path / "runs")))
    lines: list[str] = []
    name = here.submit(study)
    run = here.follow(name, lines.append, lines.append)
    (event,) = (json.loads(line) for line in lines if line.startswith("{") and "error" in line)
    assert "is in no data root" in event["message"]
    assert (run.name, run.state, run.code) == (name, "failed", 2), "a user's mistake"
    assert [found.name for found in here.runs()] == [name]
    assert list(here.logs(name, follow=False)) == lines
    here.stop(name)  # it has ended: nothing happens


def test_what_is_not_there_is_told_with_what_is(here: OnLaptop) -> None:
    for ask in (here.run, here.stop, lambda name: list(here.logs(name, follow=False))):
        with pytest.raises(Absent, match="there is no run 'none'"):
            ask("none")
    assert here.runs() == []


def test_a_name_that_is_alive_is_not_taken_twice(here: OnLaptop, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(text(storage=str(tmp_path / "runs")))
    first, second = here.submit(study), here.submit(study)
    assert (second, here.run(first).active) == (f"{first}-2", True)
    for name in (first, second):
        assert here.follow(name, print, print).state == "failed"
    assert here.submit(study) == first, "its time is over"
    here.follow(first, print, print)
