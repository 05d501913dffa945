"""Fixtures: an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration import object_store
from tests.integration.object_store import Bucket


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A place in an object store that this process and those it starts can get at, and at no other."""
    with object_store.serving(tmp_path_factory.mktemp("server")) as found, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in found.environment.items():
            patch.setenv(name, value)
        yield found
