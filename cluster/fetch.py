"""Bring a study's tables from a place's storage into the study's own: its records and predictions, no weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

from cluster import pods
from cluster.kube import ClusterError, Namespace
from cluster.manifest import FETCH, Manifest, labels
from cluster.profile import Profile
from xfer.store import tables
from xfer.store.store import Store

LIFE = 3600
"""Seconds after which a pod that reads a storage ends by itself, should nobody be left to delete it."""

DEADLINE = 120
"""Seconds that it may take to start."""


def fetch(space: Namespace, profile: Profile, study: str, into: Store) -> int:
    """Bring what is new; the number of files.

    An object store is read directly, a volume through a pod that is deleted in the end.
    Raises ``ClusterError`` or ``StoreError``; nothing is put into the store then.
    """
    with tempfile.TemporaryDirectory(prefix="xfer-fetch-") as folder:
        archive = Path(folder) / "tables.tar.gz"
        with archive.open("wb") as stream:
            if "://" in profile.storage:
                tables.pack(Store(profile.storage), study, stream)
            else:
                _through_a_pod(space, profile, study, stream)
        return tables.unpack(archive, into)


def _through_a_pod(space: Namespace, profile: Profile, study: str, stream: BinaryIO) -> None:
    name = space.create(_pod(profile, study))["metadata"]["name"]
    try:
        space.wait_for_pod(name, DEADLINE)
        command = ["python", "-P", "-m", "jobs.pack", profile.storage, study]
        code, said = space.execute(name, command, stream)
        if code:
            raise ClusterError(said.strip() or f"the pod ended with code {code}", f"pod {name}")
    finally:
        space.delete("v1", "Pod", name)


def _pod(profile: Profile, study: str) -> Manifest:
    asleep = ["python", "-c", f"import time; time.sleep({LIFE})"]
    template = pods.pod(profile, asleep, {}, labels(FETCH, study), small=True)
    template["spec"]["terminationGracePeriodSeconds"] = 1  # it has nothing to finish
    template["metadata"]["generateName"] = f"{study}-fetch-"
    return {"apiVersion": "v1", "kind": "Pod", **template}
