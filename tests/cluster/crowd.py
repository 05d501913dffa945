"""Many people at once: each submits a study at the place ``bed`` and watches it, as ``xfer run STUDY --on bed`` does.

python -m tests.cluster.crowd FOLDER STUDY...
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from cluster import places
from cluster.on_kubernetes import OnKubernetes

_telling = threading.Lock()


def main() -> None:
    """Say of each study, as a line of JSON, that it is submitted, and what keeps it waiting."""
    folder, *studies = map(Path, sys.argv[1:])
    place = places.find("bed", folder)
    assert isinstance(place, places.KubernetesPlace)

    def one(study: Path) -> None:
        someone = OnKubernetes(place)
        name = someone.submit(study)
        _tell(name, "submitted")
        someone.follow(name, lambda line: _tell(name, line), lambda trouble: _tell(name, trouble))

    with ThreadPoolExecutor(len(studies)) as people:
        for done in as_completed([people.submit(one, study) for study in studies]):
            if error := done.exception():
                traceback.print_exception(error)
                os._exit(1)  # the others would go on


def _tell(name: str, said: str) -> None:
    with _telling:
        print(json.dumps([name, said]), flush=True)  # noqa: T201 - this is read by who started it


if __name__ == "__main__":
    main()
