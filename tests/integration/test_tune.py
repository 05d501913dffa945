"""``tune`` is a real Ray Tune experiment, decided once."""

from __future__ import annotations

import json
from pathlib import Path

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
tune: {{learning_rate: [1e-5, 3e-3], per: [model, target], targets: [udpos], arms: [none], seeds: [1]}}
resources: {{default: {{ranks: 2, zero_stage: 1, snapshot_every: {every}}}}}
"""


def test_the_better_value_is_chosen_once_and_replayed(small_world: World, tmp_path: Path) -> None:
    study = studies.write(tmp_path, steps=30, text=TEXT)
    first = studies.xfer_cli(small_world, "run", str(study))
    assert first.returncode == 0, first.stdout + first.stderr
    assert "decided for tiny x udpos: learning_rate 0.003" in first.stdout
    decisions = xfer.open(str(study)).decisions().to_pylist()
    assert [json.loads(row["values"])["learning_rate"] for row in decisions if row["chosen"]] == [0.003]
    assert len(decisions) == 2
    best = max(decisions, key=lambda row: row["value"])
    assert best["chosen"]
    measured = [p for p in xfer.open(str(study)).phases().to_pylist() if p["trains_on"] == ["udpos"]]
    assert {p["learning_rate"] for p in measured if p["roles"] == ["target"]} == {0.003}
    assert not any(row["seed"] == 1 for row in xfer.open(str(study)).scores().to_pylist()), "no trial is a result"

    before = studies.tables(study)
    again = studies.xfer_cli(small_world, "run", str(study))
    assert again.returncode == 0
    assert "trial" not in again.stdout
    assert "lane" not in again.stdout
    assert studies.tables(study) == before
