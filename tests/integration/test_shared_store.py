"""Two drivers on one store share its work: nothing is trained twice, and who comes back too late is refused.

Their lanes sleep, so that only what drivers do is tested, and in seconds; the lease is short for the same reason.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration import sharing, studies

LEASE = 4.0
STEP = 0.02


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study and its lock."""
    folder = tmp_path_factory.mktemp("locked")
    text = studies.GENERATED.replace("{{ranks: 2,", "{{ranks: 1,").replace("tune:", "# tune:")
    study = studies.write(folder, text=text)
    subprocess.run([str(Path(sys.executable).with_name("xfer")), "lock", str(study)], check=True)
    return folder


@pytest.fixture
def study(locked: Path, tmp_path: Path) -> Path:
    """The study with a store of its own."""
    shutil.copytree(locked, tmp_path / "study")
    path = tmp_path / "study" / "study.yaml"
    path.write_text(path.read_text().replace(str(locked), str(tmp_path)))
    return path


def test_two_drivers_at_once_make_every_step_once(study: Path) -> None:
    found = sharing.run(study, 2, LEASE, STEP)
    assert (found.executed, found.repeated, found.refused, found.codes) == (found.planned, 0, 0, (0, 0))


def test_when_one_is_killed_the_other_goes_on_from_its_snapshots(study: Path) -> None:
    found = sharing.run(study, 2, LEASE, STEP, sharing.kill)
    assert found.repeated <= studies.EVERY and found.codes[1] == 0
    assert found.planned <= found.executed <= found.planned + 2 * studies.EVERY


def test_one_that_slept_past_its_lease_is_taken_over_and_stops(study: Path) -> None:
    found = sharing.run(study, 2, LEASE, STEP, sharing.pause(3 * LEASE))
    assert found.repeated <= studies.EVERY and found.codes == (0, 0)
    assert found.planned < found.executed <= found.planned + 2 * studies.EVERY


def test_the_late_commit_of_one_whose_workers_went_on_is_refused(study: Path) -> None:
    found = sharing.run(study, 2, LEASE, STEP, sharing.pause(3 * LEASE), deaf=True)
    assert found.refused >= 1 and found.codes == (0, 0)
