"""``scheduler: asha`` gives trials up by a real Ray Tune scheduler; what it decided is replayed, not asked anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil
import pytest

import xfer
from tests.integration import studies
from tests.world import World

pytestmark = pytest.mark.integration

TEXT = """\
study: small
storage: {storage}
seeds: [11]
models: [tiny]
arms: [none]
targets: [udpos]
recipe:
  default: {{steps: {steps}, batch_size: 16, micro_batch_size: 8, max_length: 32, precision: fp32}}
tune:
  learning_rate: {{low: 1e-5, high: 1e-2, trials: 4}}
  scheduler: asha
  seeds: [1]
resources: {{default: {{ranks: 2, zero_stage: 1, snapshot_every: {every}}}}}
"""

Asked = list[tuple[str, int]]
"""Values and units of each question that was really answered by training."""


def run(world: World, study: Path, kill_after: int | None = None) -> Asked:
    """Run a study's job, and kill all of it behind a number of answers; the answers it gave."""
    asked: Asked = []
    with studies.start(world, study) as job:
        for event in studies.events(job):
            if event["event"] == "trial":
                asked.append((json.dumps(event["values"]), event["units"]))
            if kill_after is not None and len(asked) == kill_after and event["event"] == "step":
                studies.kill_everything(psutil.Process(job.pid))
                break
        code = job.wait()
    assert (code == 0) == (kill_after is None)
    return asked


@pytest.fixture(scope="module")
def undisturbed(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Asked]:
    study = studies.write(tmp_path_factory.mktemp("whole"), steps=32, text=TEXT)
    return study, run(small_world, study)


def decisions(study: Path) -> list[dict[str, Any]]:
    return studies.rows(xfer.open(str(study)).decisions())


def test_a_killed_search_takes_the_same_decisions_without_asking_again(
    small_world: World, tmp_path: Path, undisturbed: tuple[Path, Asked]
) -> None:
    whole, questions = undisturbed
    assert len(questions) == len(set(questions))
    killed = studies.write(tmp_path, steps=32, text=TEXT)
    before = run(small_world, killed, kill_after=4)
    after = run(small_world, killed)
    assert before + after == questions, "the same questions in the same order, each of them once"
    assert decisions(killed) == decisions(whole)
    assert studies.tables(killed) == studies.tables(whole)

    again = studies.xfer_cli(small_world, "run", str(killed))
    assert again.returncode == 0
    assert "trial" not in again.stdout
    assert decisions(killed) == decisions(whole)


def test_what_is_given_up_is_told_as_such_and_is_no_result(undisturbed: tuple[Path, Asked]) -> None:
    views = xfer.open(str(undisturbed[0]))
    trials = views.decisions().to_pylist()
    assert len(trials) == 4
    pruned = [trial for trial in trials if trial["state"] == "pruned"]
    finished = [trial for trial in trials if trial["state"] == "finished"]
    assert pruned and finished
    assert len(pruned) + len(finished) == 4
    for trial in pruned:
        assert trial["value"] is None and not trial["chosen"]
        assert 1 <= len(trial["rungs"]) <= 2
    assert all(len(trial["rungs"]) == 2 for trial in finished)
    assert max(finished, key=lambda trial: trial["value"])["chosen"]

    given_up = {json.loads(trial["values"])["learning_rate"] for trial in pruned}
    phases = {row["phase"]: row for row in views.phases().to_pylist()}
    lost = {key for key, row in phases.items() if row["roles"] == ["trial"] and row["learning_rate"] in given_up}
    assert {phases[key]["state"] for key in lost} == {"pruned"}
    assert {phases[key]["steps"] for key in lost} == {None}
    scores = views.scores().to_pylist()
    assert scores
    assert not {row["phase"] for row in scores} & lost
    assert not any(row["seed"] == 1 for row in scores), "no trial is a result"
