"""``explore`` with real training: killed and run again it finds the same, and measures that with fresh seeds."""

from __future__ import annotations

import json
from pathlib import Path

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
arms: [none, snli]
targets: [udpos]
recipe:
  default: {{steps: {steps}, batch_size: 16, micro_batch_size: 8, max_length: 32, precision: fp32}}
explore:
  space:
    arms: [none, snli]
    mix: {{mnli: uniform, snli: uniform}}
    examples: {{mnli: {{low: 16, high: 128}}}}
    recipe: {{target: {{learning_rate: {{low: 1e-4, high: 1e-2}}}}}}
  trials: TRIALS
  confirm: 2
  seeds: [1]
resources: {{default: {{ranks: 2, zero_stage: 1, snapshot_every: {every}}}}}
"""


def write(folder: Path, trials: int) -> Path:
    return studies.write(folder, steps=8, text=TEXT.replace("TRIALS", str(trials)))


def asked(output: str) -> int:
    return output.count(" trial arm ")


def test_what_is_explored_is_found_again_and_extended(small_world: World, tmp_path: Path) -> None:
    study = write(tmp_path, 4)
    assert studies.xfer_cli(small_world, "lock", str(study)).returncode == 0
    plan = studies.xfer_cli(small_world, "plan", str(study)).stdout
    assert "undecided until their trials have run: explored-1, explored-2" in plan
    assert "4 trials whose values are not known yet: at most 64 steps more" in plan

    with studies.start(small_world, study) as job:
        answered = 0
        for event in studies.events(job):
            answered += event["event"] == "trial"
            if answered == 2 and event["event"] == "step":
                studies.kill_everything(psutil.Process(job.pid))
                break
    done = studies.xfer_cli(small_world, "run", str(study))
    assert done.returncode == 0, done.stdout + done.stderr
    assert asked(done.stdout) == 2, "the other two are remembered"

    views = xfer.open(str(study))
    (decided,) = {row["experiment"] for row in views.decisions().to_pylist()}
    trials = views.decisions().to_pylist()
    assert len(trials) == 4 and {trial["state"] for trial in trials} == {"finished"}
    cells = {(cell["arm"], cell["state"]) for cell in views.cells().to_pylist()}
    assert cells == {(arm, "done") for arm in ("none", "snli", "explored-1", "explored-2")}
    assert {row["seed"] for row in views.scores().to_pylist()} == {11}, "no trial is a result"

    again = studies.xfer_cli(small_world, "run", str(study))
    assert again.returncode == 0 and asked(again.stdout) == 0

    write(tmp_path, 6)
    more = studies.xfer_cli(small_world, "run", str(study))
    assert more.returncode == 0, more.stdout + more.stderr
    assert asked(more.stdout) == 2, "only the new ones"
    longer = xfer.open(str(study)).decisions().to_pylist()
    assert {row["experiment"] for row in longer} != {decided}
    values = [json.loads(row["values"]) for row in longer]
    assert len(values) == 6 and all(json.loads(row["values"]) in values for row in trials)
