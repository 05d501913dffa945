"""Fixtures: the small world, made once a session."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests import world
from tests.world import STUDY, World


def pytest_configure(config: pytest.Config) -> None:
    """Keep to folders of our own and off the network, in this process and in those it starts."""
    cache = tempfile.TemporaryDirectory(prefix="xfer-tests-")
    config.add_cleanup(cache.cleanup)
    ours = dict.fromkeys(("HF_DATASETS_CACHE", "XDG_STATE_HOME", "XFER_CACHE"), cache.name)
    os.environ |= ours | {"HF_HUB_OFFLINE": "1"}


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
    path.write_text(STUDY.format(storage=tmp_path / "runs", steps=8, more=10, every=4))
    return path
