"""Fixtures: the small world, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import world
from tests.world import World


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Data and a model in a folder of their own; tests do not write into it."""
    return world.build(tmp_path_factory.mktemp("world"))


@pytest.fixture
def study_file(tmp_path: Path, small_world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small study in the test's folder, with the world in the environment."""
    for name, value in small_world.environment().items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "study.yaml"
    path.write_text(STUDY.format(storage=tmp_path / "runs"))
    return path


STUDY = """\
study: small
storage: {storage}
seeds: [11]
models: [tiny]
arms:
  - none
  - snli
  - {{name: mix, mix: [mnli, snli]}}
targets: [xnli, udpos, tatoeba]
recipe:
  default: {{steps: 8, batch_size: 16, micro_batch_size: 8, learning_rate: 1e-3, max_length: 32, precision: fp32}}
  override:
    - {{where: {{role: intermediate}}, steps: 10}}
evaluate:
  - {{tasks: all, languages: all, splits: [validation, test]}}
resources: {{default: {{ranks: 2, per_rank: {{cpu: 1}}, zero_stage: 1, snapshot_every: 4}}}}
"""
