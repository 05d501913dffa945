"""A namespace in which the chart stands, and a study beside a file of places that names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client

from cluster.manifest import INSTANCE
from tests.cluster.bed import volumes
from tests.cluster.bed.cluster import Cluster
from tests.cluster.charting import CHART, Helm, helm_program
from tests.integration import studies
from tests.unit.chart.wrong_values import Values
from xfer.events import PROGRESS

QUICKSTART = Path(__file__).parents[2] / "jobs" / "studies" / "quickstart.yaml"
INDEX = "batch.kubernetes.io/job-completion-index"


@dataclass(frozen=True)
class Site:
    """Where a test runs studies, as somebody who has the chart's role and no more."""

    folder: Path
    namespace: str
    kube: client.ApiClient
    """The administrator's, to look and to strike with."""

    def study(self, steps: int = 40, text: str = studies.GENERATED, lock: bool = True) -> Path:
        """A study with its lock."""
        path = studies.write(self.folder, steps=steps, text=text)
        if lock:
            done = self.xfer("lock", str(path))
            assert done.returncode == 0, done.stderr
        return path

    def xfer(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """The console script, where the file of places is."""
        with self.started(*words) as job:
            out, err = job.communicate(timeout=timeout)
        return subprocess.CompletedProcess(words, job.returncode, out, err)

    def started(self, *words: str) -> subprocess.Popen[str]:
        """The console script, while it runs."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("xfer")), *words],
            cwd=self.folder, env={**os.environ, "NO_PROXY": "*"}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def job(self, name: str) -> Any:
        return client.BatchV1Api(self.kube).read_namespaced_job(name, self.namespace)

    def progress(self, run: str) -> dict[str, int]:
        """What the driver of a Job has told."""
        return progress(self.job(run).metadata.annotations)

    def pod(self, run: str, index: int) -> str | None:
        """Name of the pod of an index that runs now."""
        found: Any = client.CoreV1Api(self.kube).list_namespaced_pod(
            self.namespace, label_selector=f"{INSTANCE}={run},{INDEX}={index}", field_selector="status.phase=Running"
        )
        names = [pod.metadata.name for pod in found.items if pod.metadata.deletion_timestamp is None]
        return names[0] if names else None

    def story(self, run: str) -> str:
        """What there is to know of a run that does not get on."""
        core: Any = client.CoreV1Api(self.kube)
        pods = core.list_namespaced_pod(self.namespace, label_selector=f"{INSTANCE}={run}").items
        parts = [self.xfer("status", run, "--on", "bed").stdout]
        for pod in pods:
            try:
                said = core.read_namespaced_pod_log(pod.metadata.name, self.namespace, tail_lines=25)
            except client.ApiException as error:
                said = error.reason  # it has not begun, or is gone since
            parts.append(f"{pod.metadata.name} {pod.status.phase}\n{said}")
        return "\n".join(parts)

    def delete_pod(self, name: str) -> None:
        client.CoreV1Api(self.kube).delete_namespaced_pod(name, self.namespace)

    def evict_pod(self, name: str) -> None:
        body = client.V1Eviction(metadata=client.V1ObjectMeta(name=name, namespace=self.namespace))
        client.CoreV1Api(self.kube).create_namespaced_pod_eviction(name, self.namespace, body)


def progress(annotations: Mapping[str, str] | None) -> dict[str, int]:
    """What a run's driver has told, by its object's annotations."""
    told = (annotations or {}).get(PROGRESS)
    return dict(json.loads(told)) if told else {"steps_done": 0, "phases_done": 0}


def install(bed: Cluster, kube: client.ApiClient, namespace: str, folder: Path, values: Values) -> Site:
    """Install the chart with an account for people, and write the file of places that names it."""
    if bed.bed is not None:
        volumes.offer_storage(bed.bed, kube, namespace, "xfer")
    given = {**values, "access": {"serviceAccount": {"create": True}}}
    Helm(helm_program(), bed.kubeconfig, folder, namespace)("install", "xfer", str(CHART), values=given)
    places(folder, namespace, bed.service_account("xfer-user", namespace, folder / "user.kubeconfig"))
    return Site(folder, namespace, kube)


def places(folder: Path, namespace: str, kubeconfig: Path, **change: str) -> None:
    """Write the file of places with one entry, ``bed``."""
    entry = {"namespace": namespace, "kubeconfig": str(kubeconfig), **change}
    said = ", ".join(f"{name}: {value}" for name, value in entry.items())
    (folder / "places.yaml").write_text(f"bed: {{kubernetes: {{{said}}}}}\n")


def quickstart(folder: Path, every: int = 500) -> Path:
    """The quickstart with a storage of its own in this folder (by itself it has one below the working folder), and
    with so many steps between snapshots."""
    folder.mkdir(exist_ok=True)
    text = QUICKSTART.read_text()
    assert "snapshot_every: 500" in text and "storage:" not in text
    text = text.replace("snapshot_every: 500", f"snapshot_every: {every}")
    path = folder / QUICKSTART.name
    path.write_text(f"storage: {folder / 'runs'}\n{text}")
    return path
