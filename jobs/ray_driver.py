"""The driver of a study that is KubeRay's: a job of its Ray cluster, in the head's pod.

python -P -m jobs.ray_driver STUDY
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jobs import run_study
from jobs.inputs import writable
from jobs.own_run import OwnRun
from jobs.progress import Reporter
from xfer.events import Event, Events
from xfer.execution.runtime import configure_ray
from xfer.io import leave

PID = Path("/tmp/driver.pid")
"""By which whoever ends the pod tells the driver first."""

LOG = Path("/proc/1/fd/1")
"""What the pod logs. A job's own output goes to a file in the pod, and the submitter's log is only a copy of it."""

FINAL = (1, 2)
"""Exit codes of a driver that has come to its end: a cell failed, or the user's mistake. Again would be the same."""


def main() -> int:
    """The driver's exit code; KubeRay is told when it need not try again."""
    configure_ray()
    PID.write_text(f"{os.getpid()}\n")
    study = writable(Path(sys.argv[1]))
    with LOG.open("w") as stream, Reporter(OwnRun().patch) as reporter:
        log = Events(stream)

        def listen(event: Event) -> None:
            log.write(event)
            reporter.add(event)

        code = run_study.main(study, listen)
        if code in FINAL:
            reporter.tell({"spec": {"backoffLimit": 0}})
    return code


if __name__ == "__main__":
    leave(main())
