"""Process 1 of every pod of a study that is KubeRay's: makes ready what Ray's processes find, then becomes Ray.

python -P -m jobs.ray_node
"""

from __future__ import annotations

import os
import resource
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from jobs.inputs import find_inputs
from xfer.execution.runtime import configure_ray

FILES = 65536
"""Files that Ray may have open, where ``RAY_START_ULIMIT_OPEN_FILES`` says nothing else."""


def main() -> NoReturn:
    """Start Ray the way KubeRay says."""
    configure_ray()
    find_inputs()
    files = int(os.environ.get("RAY_START_ULIMIT_OPEN_FILES", FILES))
    with suppress(ValueError):  # the node allows fewer
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    program, *words = shlex.split(os.environ["KUBERAY_GEN_RAY_START_CMD"])
    os.execv(Path(sys.executable).with_name(program), [program, *words, "--disable-usage-stats"])


if __name__ == "__main__":
    main()
