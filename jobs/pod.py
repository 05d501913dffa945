"""What runs in every pod of a study's Indexed Job: index 0 is Ray's head and the driver, the others join it.

python -P -m jobs.pod STUDY
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from jobs import run_study
from jobs.inputs import find_inputs, writable
from jobs.own_run import INDEX, OwnRun
from jobs.progress import Reporter
from xfer.execution.runtime import configure_ray
from xfer.io import leave

METRICS_PORT = 8080
"""Where the pod's template says that Prometheus finds Ray's metrics."""

PATIENCE = 2.0
"""Seconds between two tries to reach the head."""


def main() -> int:
    """The driver's exit code; what breaks around the driver may not break in another pod."""
    signal.signal(signal.SIGTERM, _end)  # process 1 of a container has no default for it, and takes all with it
    try:
        return drive()
    except Exception:
        traceback.print_exc()
        return run_study.UNFORESEEN


def drive() -> int:
    """The driver's exit code; a worker never ends by itself."""
    configure_ray()
    find_inputs()
    if os.environ[INDEX] != "0":
        work()
    study = writable(Path(sys.argv[1]))
    _ray("--head", f"--port={_port()}", "--dashboard-host=0.0.0.0")
    os.environ["RAY_ADDRESS"] = f"127.0.0.1:{_port()}"
    with Reporter(OwnRun().patch) as reporter:
        return run_study.main(study, reporter.add)


def work() -> NoReturn:
    """Join the head, and join its successor when it dies."""
    host, _, port = os.environ["XFER_HEAD"].partition(":")
    while True:
        if _answers(host, int(port)):
            subprocess.run([*_start(), f"--address={host}:{port}", "--block"], check=False)
        time.sleep(PATIENCE)


def _end(number: int, _: FrameType | None) -> NoReturn:
    leave(128 + number)


def _ray(*options: str) -> None:
    subprocess.run([*_start(), *options], check=True, stdout=sys.stderr)


def _start() -> list[str]:
    program = str(Path(sys.executable).with_name("ray"))
    size = [f"--num-cpus={os.environ['XFER_POD_CPU']}", f"--num-gpus={os.environ['XFER_POD_GPU']}"]
    return [program, "start", *size, f"--metrics-export-port={METRICS_PORT}", "--disable-usage-stats"]


def _port() -> str:
    return os.environ["XFER_HEAD"].partition(":")[2]


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=PATIENCE):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    leave(main())
