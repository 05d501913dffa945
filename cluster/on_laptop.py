"""The place 'this machine': a study runs in a subprocess, its events come through a pipe."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def run(study: Path, on_line: Callable[[str], None]) -> int:
    """Run a study's job and hand over each line it prints; its exit code.

    The job has a session of its own, so that Ctrl-C reaches it once, through us, and it can stop cleanly.
    """
    command = [sys.executable, "-P", "-u", "-m", "jobs.run_study", str(study)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as job:
        assert job.stdout is not None
        previous = {
            number: signal.signal(number, lambda number, _: job.send_signal(number))
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            for line in job.stdout:
                on_line(line)
            return job.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
