"""A study as a RayJob: held by golden files, restricted, sized to its lanes, and read as KubeRay tells of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cluster.belongings import owned_by
from cluster.kuberay import rayjob
from cluster.manifest import QUEUE, STOPPED, Manifest
from cluster.place import PlaceError
from tests.unit.cluster.there import packed, profile
from xfer.phase.resources import PerRank, Resources

GOLDEN = Path(__file__).parents[2] / "golden"
CONSTRAINTS = Path(__file__).parents[3] / "constraints.txt"
GPUS = "{default: {ranks: 4, per_rank: {gpu: 1, cpu: 2}}, override: [{where: {role: target}, ranks: 1}]}"


def containers(manifest: Any) -> list[Manifest]:
    """Every container of every pod template in a manifest."""
    if isinstance(manifest, list):
        return [one for item in manifest for one in containers(item)]
    if not isinstance(manifest, dict):
        return []
    return [*manifest.get("containers", []), *(one for item in manifest.values() for one in containers(item))]


@pytest.mark.parametrize(("name", "queue"), [("rayjob.yaml", "''"), ("rayjob_queued.yaml", "research")])
def test_the_manifests_are_what_they_were(tmp_path: Path, name: str, queue: str) -> None:
    """After a change that is meant: run with XFER_UPDATE_GOLDEN=1, and read the difference."""
    made, said = packed(tmp_path, resources=GPUS), profile(queue=queue, networkPolicy="true")
    job = rayjob.job(made, said)
    owned = owned_by({**job, "metadata": {**job["metadata"], "uid": "uid-of-the-job"}}, rayjob.owned(made, said, "t"))
    owned[0]["data"] = dict.fromkeys(owned[0]["data"], "...")
    if os.environ.get("XFER_UPDATE_GOLDEN"):
        with (GOLDEN / name).open("w") as stream:
            YAML().dump_all([job, *owned], stream)
    assert [job, *owned] == list(YAML(typ="safe", pure=True).load_all((GOLDEN / name).read_text()))


def test_no_container_may_do_what_restricted_forbids(tmp_path: Path) -> None:
    job = rayjob.job(packed(tmp_path, resources=GPUS), profile())
    found = containers(job)
    assert len(found) == 4, "the submitter, the head, and two groups of workers"
    for container in [*found, job["spec"]["rayClusterSpec"]["autoscalerOptions"]]:
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_each_shape_of_lane_has_workers_of_its_size(tmp_path: Path) -> None:
    pod = "{cpu: 8, memory: 64Gi, gpu: 4}"
    made = rayjob.job(packed(tmp_path, resources=GPUS), profile(pod=pod, autoscale="{maxPods: 3}"))
    cluster = made["spec"]["rayClusterSpec"]
    groups = {group["groupName"]: group for group in cluster["workerGroupSpecs"]}
    assert {name: (group["minReplicas"], group["maxReplicas"]) for name, group in groups.items()} == {
        "workers-8c4g": (0, 3),
        "workers-2c1g": (0, 12),
    }
    small = groups["workers-2c1g"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert small == {"cpu": "2", "memory": "16384Mi", "nvidia.com/gpu": "1"}
    assert groups["workers-2c1g"]["rayStartParams"] == {"num-cpus": "2", "num-gpus": "1"}
    grows = {one["name"]: one.get("value") for one in containers(cluster)[0]["env"]}["XFER_GROWS_TO"]
    assert grows == "24,12", "three whole pods"


def test_shapes_of_lane_whose_pods_have_one_size_share_them(tmp_path: Path) -> None:
    said = profile(pod="{cpu: 2, memory: 64Gi, gpu: 1}", autoscale="{maxPods: 3}")
    made = rayjob.job(packed(tmp_path, resources=GPUS), said)
    (group,) = made["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert (group["groupName"], group["maxReplicas"]) == ("workers-2c1g", 4), "what the larger of them needs"


def test_a_lane_of_several_pods_has_equal_ones() -> None:
    lane = Resources(ranks=6, per_rank=PerRank(cpu=1, gpu=1))
    size, count = rayjob.share(profile(pod="{cpu: 8, memory: 64Gi, gpu: 4}"), lane)
    assert (size.cpu, size.gpu, count) == (3, 3, 2)
    assert size.memory == "49152Mi"


def test_a_queue_admits_a_fixed_number(tmp_path: Path) -> None:
    made = rayjob.job(packed(tmp_path, resources=GPUS), profile(queue="research"))
    (group,) = made["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert (group["replicas"], group["minReplicas"], group["maxReplicas"]) == (2, 2, 2)
    assert made["metadata"]["labels"][QUEUE] == "research" and made["spec"]["suspend"]
    assert "enableInTreeAutoscaling" not in made["spec"]["rayClusterSpec"]


def test_what_the_platform_adds_is_merged_and_held_to_the_rules(tmp_path: Path) -> None:
    made = packed(tmp_path)
    extra = "{rayClusterSpec: {headGroupSpec: {rayStartParams: {dashboard-port: '8265'}}}, activeDeadlineSeconds: 9}"
    spec = rayjob.job(made, profile(rayJob=extra))["spec"]
    assert spec["activeDeadlineSeconds"] == 9
    start = spec["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]
    assert start == {"num-cpus": "0", "num-gpus": "0", "dashboard-port": "8265"}
    with pytest.raises(PlaceError, match="submissionMode"):
        rayjob.job(made, profile(rayJob="{submissionMode: InteractiveMode}"))


def test_the_version_of_ray_is_that_of_the_image() -> None:
    pinned = dict(line.split("==") for line in CONSTRAINTS.read_text().splitlines() if "==" in line)
    assert profile().ray_version == pinned["ray"]


REFUSED = {"conditions": [{"type": "ReplicaFailure", "message": "violates PodSecurity"}]}


def told(suspend: bool = False, **status: Any) -> Manifest:
    return {"metadata": {"name": "a", "labels": {}}, "spec": {"suspend": suspend}, "status": status}


@pytest.mark.parametrize(
    ("job", "state", "words"),
    [
        (told(), "waiting", "operator has not taken notice"),
        (told(jobDeploymentStatus="Initializing"), "waiting", ""),
        (told(jobDeploymentStatus="Running", jobStatus="PENDING"), "waiting", ""),
        (told(jobDeploymentStatus="Running", jobStatus="RUNNING"), "running", ""),
        (told(jobDeploymentStatus="Complete", jobStatus="SUCCEEDED"), "done", ""),
        (told(jobDeploymentStatus="Failed", message="it broke"), "failed", "it broke"),
        (told(jobDeploymentStatus="ValidationFailed", message="bad field"), "failed", "bad field"),
        (told(suspend=True, jobDeploymentStatus="Suspended"), "stopped", ""),
        (told(jobDeploymentStatus="Initializing", rayClusterStatus=REFUSED), "waiting", "violates PodSecurity"),
        (
            told(jobDeploymentStatus="Running", jobStatus="RUNNING", rayClusterStatus=REFUSED),
            "running",
            "violates PodSecurity",
        ),
    ],
)
def test_a_rayjob_is_read_as_a_run(job: Manifest, state: str, words: str) -> None:
    found, reason = rayjob.state(job, {})
    assert found == state
    assert words in reason and bool(words) == bool(reason)


def test_who_waits_for_a_queue_is_not_stopped() -> None:
    job = told(suspend=True, jobDeploymentStatus="Suspended")
    job["metadata"]["labels"] = {QUEUE: "research"}
    assert rayjob.state(job, {}) == ("waiting", "the queue 'research' has not admitted it yet")
    job["metadata"]["annotations"] = {STOPPED: "by xfer stop"}
    assert rayjob.state(job, {}) == ("stopped", "")


def test_a_failed_study_is_told_by_its_cells() -> None:
    job = told(jobDeploymentStatus="Failed", message="exit code 1")
    assert rayjob.state(job, {"unfinished": 3, "problem": ""})[1] == "3 cells are not done"


def test_the_drivers_log_is_the_newest_heads_or_else_the_submitters() -> None:
    def pod(name: str, at: str, phase: str = "Running", **labels: str) -> Manifest:
        keys = {"node": rayjob.NODE, "job": rayjob.SUBMITTER}
        found = {keys[key]: value for key, value in labels.items()}
        return {"metadata": {"name": name, "labels": found, "creationTimestamp": at}, "status": {"phase": phase}}

    worker, submitter = pod("worker", "9", node="worker"), pod("submitter", "3", job="a")
    heads = [pod("first", "1", "Failed", node="head"), pod("second", "2", node="head")]
    coming = pod("coming", "5", "Pending", node="head")
    assert (rayjob.driver([worker, *heads, submitter, coming]) or {})["metadata"]["name"] == "second"
    assert (rayjob.driver([worker, submitter, coming]) or {})["metadata"]["name"] == "submitter"
    assert rayjob.driver([worker, coming]) is None
