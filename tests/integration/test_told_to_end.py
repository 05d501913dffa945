"""A driver that is told to end while Ray starts under it says so, and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from xfer.errors import Stopped

pytestmark = pytest.mark.integration

RAYS = ("gcs_server", "raylet")
"""Processes of Ray's: the first one that it starts, and one shortly before it is there."""


def wait_for(driver: psutil.Process, name: str) -> list[psutil.Process]:
    """The driver's processes, once one of that name is among them."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = driver.children(recursive=True)
        if any(name in child.name() for child in found):
            return found
        time.sleep(0.01)
    raise AssertionError(f"{name} has not come")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RAYS)
def test_a_driver_told_to_end_while_ray_starts_says_so(name: str, study_file: Path) -> None:
    command = [sys.executable, "-P", "-u", "-m", "jobs.run_study", str(study_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as started:
        driver = psutil.Process(started.pid)
        children = wait_for(driver, name)
        driver.terminate()
        said, _ = started.communicate(timeout=120)
    last = json.loads(said.splitlines()[-1])
    assert (started.returncode, last["event"], last["code"]) == (Stopped.exit_code, "error", Stopped.exit_code)
    assert "stopped" in last["message"] and "goes on from here" in last["message"]
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive, "nothing of Ray's is left"
