"""Fixtures: a study of XTREME's tasks that has predicted everything, made once a session."""

from __future__ import annotations

import pytest

from tests.unit.reports import predicted
from xfer.study.opening import Opened
from xfer.tasks.data import DataRoots


@pytest.fixture(scope="session")
def roots(tmp_path_factory: pytest.TempPathFactory) -> DataRoots:
    """What the benchmark's files go by."""
    return predicted.data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory, roots: DataRoots) -> Opened:
    """All nine targets; tests do not write into it."""
    found = predicted.opened(tmp_path_factory.mktemp("study"), roots)
    predicted.predict_all(found)
    return found
