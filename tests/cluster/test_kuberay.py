"""A study as a RayJob, with KubeRay's own operator: the same scores as here, whatever happens to its pods."""

from __future__ import annotations

import json
import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from cluster.belongings import owned_by
from cluster.bundle import bundle
from cluster.kube import Namespace
from cluster.kube_runs import Found, KubeRuns
from cluster.kuberay import rayjob
from cluster.on_kubernetes import OnKubernetes
from cluster.places import KubernetesPlace
from tests.cluster import kuberay, outcomes, sites
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import NODE
from tests.cluster.charting import here
from tests.cluster.conftest import fresh_namespace
from tests.cluster.sites import Site
from tests.integration import studies

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

SMALL = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
"""For the autoscaler: all has to fit on a node of two cores."""


@pytest.fixture(scope="module")
def operator(bed: Cluster, kube: client.ApiClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if reason := kuberay.lacking(kuberay.DEFINITIONS, kuberay.OPERATOR):
        pytest.skip(reason)
    with (
        kuberay.definitions(kube, kuberay.of_kuberay()),
        kuberay.operator(bed, tmp_path_factory.mktemp("kuberay")) as log,
    ):
        yield log


@pytest.fixture
def site(
    request: pytest.FixtureRequest, bed: Cluster, kube: client.ApiClient, operator: Path, tmp_path: Path
) -> Iterator[Site]:
    """Where the profile is this, but for what the fixture's parameter says."""
    values = here(bed, RAY_START_ULIMIT_OPEN_FILES="20000")
    values["profiles"]["default"] |= {
        "pod": {"cpu": 1, "cpuRequest": 0.4, "memory": "3Gi", "gpu": 0},
        "head": {"cpu": 0.5, "memory": "3Gi"},
        "autoscale": {"maxPods": 2, "idleSeconds": 15},
        "sharedMemory": "1Gi",
        "rayJob": {"rayClusterSpec": {"autoscalerOptions": {"resources": SMALL}}},
        **getattr(request, "param", {}),
    }
    with fresh_namespace(bed, kube) as namespace:
        try:
            yield sites.install(bed, kube, namespace, tmp_path, values)
        finally:  # before the operator goes, without which none can be deleted
            rayjobs = client.CustomObjectsApi(kube)
            rayjobs.delete_collection_namespaced_custom_object("ray.io", "v1", namespace, "rayjobs")
            wait_for("end of RayJobs", lambda: not _rayjobs(kube, namespace), 60)


def _rayjobs(kube: client.ApiClient, namespace: str) -> list[Any]:
    found: Any = client.CustomObjectsApi(kube).list_namespaced_custom_object("ray.io", "v1", namespace, "rayjobs")
    return list(found["items"])


def progress(site: Site) -> dict[str, int]:
    (job,) = _rayjobs(site.kube, site.namespace)
    return sites.progress(job["metadata"].get("annotations"))


def pods(site: Site, labels: str) -> list[str]:
    """Names of the pods with these labels that run and are not ending."""
    found: Any = client.CoreV1Api(site.kube).list_namespaced_pod(
        site.namespace, label_selector=labels, field_selector="status.phase=Running"
    )
    return [pod.metadata.name for pod in found.items if pod.metadata.deletion_timestamp is None]


INTERVAL = 25
"""Steps between its snapshots, here."""

KINDS = {
    "head": "ray.io/node-type=head",
    "worker": "ray.io/node-type=worker",
    "submitter": "batch.kubernetes.io/job-name",
}


def strike(site: Site, kind: str, how: Callable[[str], None]) -> None:
    """Strike at a pod of this kind as soon as there is one."""
    (name, *_) = wait_for(f"pod of the {kind}", lambda: pods(site, KINDS[kind]), 200)
    how(name)


def test_a_study_survives_its_pods_as_a_rayjob(site: Site, tmp_path: Path) -> None:
    study = site.study(steps=300)
    submitted = site.xfer("run", str(study), "--on", "bed", "--detach")
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr
    for kind, how, steps in (
        ("worker", site.evict_pod, 20),  # as by a drained node
        ("submitter", site.delete_pod, 60),
        ("head", site.evict_pod, 100),
    ):
        wait_for(f"{steps} steps", lambda: progress(site)["steps_done"] > steps, 300)  # noqa: B023
        strike(site, kind, how)

    ended = site.xfer("watch", "nano", "--on", "bed", timeout=900)
    assert ended.returncode == 0, ended.stdout + ended.stderr + site.story("nano")
    assert "nano is done" in ended.stdout
    assert "done" in site.xfer("status", "--on", "bed").stdout
    outcomes.as_on_this_machine(site, study, studies.write(tmp_path / "alone", steps=300, text=studies.GENERATED))
    outcomes.each_phase_was_made_once(study, strikes=3)


def test_a_stopped_run_leaves_no_pod_and_goes_on(site: Site) -> None:
    study = site.study(steps=400, text=studies.SELDOM)
    assert site.xfer("run", str(study), "--on", "bed", "--detach").returncode == 0
    wait_for("steps", lambda: progress(site)["steps_done"] > 20, 300)
    assert site.xfer("stop", "nano", "--on", "bed").returncode == 0
    wait_for("end of the pods", lambda: not pods(site, KINDS["head"]) and not pods(site, KINDS["worker"]), 120)
    assert "stopped" in site.xfer("status", "nano", "--on", "bed").stdout
    assert site.xfer("run", str(study), "--on", "bed", "--detach").returncode == 0
    wait_for("steps", lambda: progress(site)["steps_done"] > 20, 300)
    logs = site.xfer("logs", "nano", "--on", "bed").stdout
    phase = next(json.loads(line) for line in logs.splitlines() if '"event": "phase"' in line)
    assert phase["first_step"] >= 20, "it goes on where it stopped: from the snapshot that was left then"


def test_a_study_that_cannot_succeed_is_not_tried_again(site: Site) -> None:
    """The learning rate makes it lose its numbers: a cell fails, and the run with it, at once."""
    text = studies.GENERATED.replace("learning_rate: 1e-3", "learning_rate: 1e+30")
    assert text != studies.GENERATED
    study = site.study(steps=40, text=text)
    ended = site.xfer("run", str(study), "--on", "bed")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "cells are not done" in ended.stdout + ended.stderr
    (job,) = _rayjobs(site.kube, site.namespace)
    assert job["status"]["failed"] == 1


def test_what_a_quota_refuses_is_told_and_made_when_there_is_room(site: Site) -> None:
    core: Any = client.CoreV1Api(site.kube)

    def allow(pods: int) -> None:
        core.patch_namespaced_resource_quota("few", site.namespace, {"spec": {"hard": {"pods": str(pods)}}})

    def told(state: str) -> bool:
        said = site.xfer("status", "nano", "--on", "bed").stdout
        return f" {state}" in said and "exceeded quota: few" in said

    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "0"}}}
    core.create_namespaced_resource_quota(site.namespace, quota)
    study = site.study(steps=40)
    assert site.xfer("run", str(study), "--on", "bed", "--detach").returncode == 0
    wait_for("word of a head that is refused", lambda: told("waiting"), 60, every=1.0)
    allow(2)  # the head and the submitter
    wait_for("word of workers that are refused", lambda: told("running"), 300, every=1.0)
    allow(4)
    ended = site.xfer("watch", "nano", "--on", "bed")
    assert ended.returncode == 0 and "nano is done" in ended.stdout, ended.stdout + ended.stderr


LARGE = {
    "pod": {"cpu": 2, "cpuRequest": 0.8, "memory": "6Gi", "gpu": 0},
    "autoscale": {"maxPods": 1, "idleSeconds": 15},
}
"""A pod for a whole lane of two ranks, and room for no lane beside it."""


@pytest.mark.parametrize("site", [LARGE], indirect=True)
def test_lanes_of_two_shapes_get_workers_by_demand(site: Site) -> None:
    """A lane may take a worker that one of another shape has left, if it is large enough, or have one of its own."""
    one = "override: [{{where: {{role: target}}, ranks: 1}}]"
    text = studies.GENERATED.replace("snapshot_every: {every}}}}}", f"snapshot_every: {{every}}}}}}, {one}}}}}")
    assert one in text.splitlines()[-1]
    study, seen = site.study(steps=60, text=text), list[tuple[int, int]]()
    with site.started("run", str(study), "--on", "bed") as running:
        wait_for("RayJob", lambda: _rayjobs(site.kube, site.namespace), 60)
        while running.poll() is None:
            now = (len(pods(site, "ray.io/group=workers-2c0g")), len(pods(site, "ray.io/group=workers-1c0g")))
            if seen[-1:] != [now]:
                seen.append(now)
            time.sleep(0.5)
        out, error = running.communicate()
    assert running.returncode == 0, out + error
    assert {f"starting lane {n}: {ranks} ranks" for n, ranks in ((1, 2), (2, 1))} <= set(out.splitlines()), out
    assert seen[0] == (0, 0) and (1, 0) in seen, f"no worker before there is a lane: {seen}"


@pytest.fixture
def gpus(bed: Cluster, kube: client.ApiClient) -> Iterator[None]:
    """Two GPUs that nobody has, as far as the scheduler knows."""
    if bed.bed is None:
        pytest.skip("no node of somebody else's cluster is made to look as if it had GPUs")
    core: Any = client.CoreV1Api(kube)
    core.patch_node_status(NODE, {"status": {"capacity": {"nvidia.com/gpu": "2"}}})
    wait_for("GPUs", lambda: core.read_node(NODE).status.allocatable.get("nvidia.com/gpu") == "2", 60)
    yield
    nothing = [{"op": "remove", "path": f"/status/{kind}/nvidia.com~1gpu"} for kind in ("capacity", "allocatable")]
    core.patch_node_status(NODE, nothing)


ASKS = (
    "import ray, time; from ray.util.placement_group import placement_group, remove_placement_group; ray.init(); "
    "g = placement_group([dict(CPU=1, GPU=1)] * 2); assert g.wait(300); remove_placement_group(g); "
    "[time.sleep(1) for _ in iter(lambda: ray.cluster_resources().get('GPU', 0) > 0, False)]"
)
"""What a lane of two ranks asks Ray for, given back at once; the end comes when no GPU is left."""


def test_the_autoscaler_goes_from_no_gpu_to_two_and_back(site: Site, gpus: None) -> None:
    text = studies.GENERATED.replace("ranks: 2,", "ranks: 2, per_rank: {{gpu: 1}},")
    study, space = site.study(text=text), Namespace(_place(site))
    said = OnKubernetes(_place(site)).profile()
    profile = said.model_copy(update={"pod": said.pod.model_copy(update={"gpu": 1})})
    packed = bundle(study)
    job = rayjob.job(packed, profile)
    job["spec"]["entrypoint"] = f'python -P -c "{ASKS}"'  # there is no GPU to train on
    made = Found(rayjob, space.create(job))
    for manifest in owned_by(made.job, rayjob.owned(packed, profile, secrets.token_urlsafe())):
        space.apply(manifest)
    KubeRuns(space).begin(made)
    seen: list[int] = []
    ends = time.monotonic() + 400
    while time.monotonic() < ends and not _rayjobs(site.kube, site.namespace)[0].get("status", {}).get("endTime"):
        now = len(pods(site, "ray.io/group=workers-1c1g"))
        if seen[-1:] != [now]:
            seen.append(now)
        time.sleep(0.5)
    assert seen[0] == 0 and max(seen) == 2, seen
    (job,) = _rayjobs(site.kube, site.namespace)
    assert job["status"]["jobStatus"] == "SUCCEEDED", job["status"]
    told: Any = client.CoreV1Api(site.kube).list_namespaced_event(site.namespace)
    assert {"CreatedWorkerPod", "DeletedWorkerPod"} <= {event.reason for event in told.items}


def _place(site: Site) -> KubernetesPlace:
    return KubernetesPlace(kubeconfig=site.folder / "user.kubeconfig", namespace=site.namespace)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_quickstart_loses_each_kind_of_pod_three_times(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("XFER_SOAK_SEED") or secrets.randbelow(10_000))
    rng = random.Random(seed)
    coming = [*KINDS] * 3
    rng.shuffle(coming)
    with capsys.disabled():
        print(f"\nXFER_SOAK_SEED={seed}")  # noqa: T201 - by which it can be done again
    study = sites.quickstart(site.folder, INTERVAL)
    assert site.xfer("lock", str(study)).returncode == 0
    assert site.xfer("run", str(study), "--on", "bed", "--detach").returncode == 0
    for kind in coming:
        before = progress(site)
        wait_for("new work", lambda: _is_further(progress(site), before), 300)  # noqa: B023
        time.sleep(rng.uniform(0, 4))
        strike(site, kind, site.delete_pod)
    ended = site.xfer("watch", "quickstart", "--on", "bed", timeout=1800)
    assert ended.returncode == 0, ended.stdout + ended.stderr + site.story("quickstart")
    outcomes.as_on_this_machine(site, study, sites.quickstart(tmp_path / "alone", INTERVAL))
    repeated = outcomes.each_phase_was_made_once(study, len(coming), INTERVAL)
    with capsys.disabled():
        print(f"steps done again, and how the attempt before had ended: {repeated}")  # noqa: T201
    assert repeated, "some strike hits a phase"


def _is_further(now: dict[str, int], before: dict[str, int]) -> bool:
    """Whether steps were done since; a new driver counts from its own beginning."""
    return now["steps_done"] > 0 and (now["steps_done"], now["phases_done"]) != (
        before["steps_done"], before["phases_done"],
    )  # fmt: skip
