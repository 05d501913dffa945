"""A study as KubeRay's RayJob: a head with the driver, and a group of workers for each shape of lane. Pure.

Workers come and go with the lanes' demand, by Ray's autoscaler; where a queue admits studies as one gang, they are as
many as the largest lane needs, from the start. Ray keeps nothing over a head's death: the storage does, and the job
is submitted again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cluster import pods
from cluster.belongings import belongings, environment, keys
from cluster.bundle import Bundle
from cluster.kuberay.job_rules import refuse
from cluster.manifest import RUN, Manifest, at_rest, labels, metadata, newest_begun
from cluster.profile import Head, PodSize, Profile
from cluster.runs import State, why_failed
from xfer.phase.resources import Resources

API_VERSION, KIND = "ray.io/v1", "RayJob"

RETRIES = 20
"""Clusters that may be lost, and submissions to one of them, before the study counts as failed."""

LINGER = 10
"""Seconds for which the cluster of a job that has ended stays, for who reads its last words."""

TOKEN = "auth_token"
"""Key of Ray's token in the run's Secret, as KubeRay wants it."""

NODE, HEAD = "ray.io/node-type", "head"
"""Label of KubeRay's pods, and its value for the one with the driver."""

SUBMITTER = "batch.kubernetes.io/job-name"
"""Label of the pod that submits, whose log outlives the cluster."""

UNNOTICED = "KubeRay's operator has not taken notice of it: see whether it runs, and watches this namespace"

PORTS = {**pods.METRICS, "gcs-server": 6379, "dashboard": 8265}
"""Of the head, as KubeRay calls them: its service leads to these, and to no others once one is named."""

PARTING = ("bash", "-c", "read -r p < /tmp/driver.pid && kill $p && while kill -0 $p; do sleep 0.2; done; true")
"""Before a head ends its driver is told, and leaves a snapshot: nobody else would tell it."""


def job(bundle: Bundle, profile: Profile) -> Manifest:
    """The RayJob, suspended: what it needs is made after it, and owned by it. Raises ``PlaceError`` for what the
    profile adds to it and KubeRay would choke on."""
    name = bundle.study
    spec: Manifest = {
        "suspend": True,
        "submissionMode": "K8sJobMode",
        "entrypoint": f"python -P -u -m jobs.ray_driver {pods.STUDY}/{bundle.file}",
        "backoffLimit": RETRIES,
        "submitterConfig": {"backoffLimit": RETRIES},
        "submitterPodTemplate": pods.pod(
            profile, [], {}, labels(RUN, name), resources=pods.SMALL, placement=profile.head
        ),
        "shutdownAfterJobFinishes": True,
        "ttlSecondsAfterFinished": LINGER,
        "rayClusterSpec": _cluster(bundle, profile),
    }  # fmt: skip
    made = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata(name, profile.queue),
        "spec": _merged(spec, profile.ray_job),
    }
    refuse(made, "rayJob in the profile")
    return made


def owned(bundle: Bundle, profile: Profile, token: str) -> list[Manifest]:
    """What its pods need beside them; KubeRay makes its services itself."""
    return belongings(bundle, profile, {TOKEN: token})


def state(job: Manifest, progress: dict[str, Any]) -> tuple[State, str]:
    """How a RayJob is, and what there is to say about that."""
    status = job.get("status", {})
    deployment, message = status.get("jobDeploymentStatus", ""), str(status.get("message", ""))
    if deployment == "Complete":
        return "done", ""
    if deployment in ("Failed", "ValidationFailed"):
        return "failed", why_failed(progress, message)
    if (resting := at_rest(job)) is not None:
        return resting
    cluster = status.get("rayClusterStatus", {})
    refused = "; ".join(c["message"] for c in cluster.get("conditions", []) if c["type"] == "ReplicaFailure")
    if deployment == "Running" and status.get("jobStatus") == "RUNNING":
        return "running", refused
    return "waiting", UNNOTICED if not status else refused or str(cluster.get("reason", ""))


def driver(found: list[Manifest]) -> Manifest | None:
    """The pod whose log tells of the driver: the newest head that has begun, else the newest submitter."""
    head = newest_begun([pod for pod in found if pod["metadata"]["labels"].get(NODE) == HEAD])
    return head or newest_begun([pod for pod in found if SUBMITTER in pod["metadata"]["labels"]])


def _cluster(bundle: Bundle, profile: Profile) -> Manifest:
    template = _ray_pod(bundle, profile, profile.head, placement=profile.head, ports=PORTS, before_end=PARTING)
    return {
        "rayVersion": profile.ray_version,
        "authOptions": {"mode": "token", "secretName": bundle.study},
        # The head's cores are the driver's.
        "headGroupSpec": {"rayStartParams": {"num-cpus": "0", "num-gpus": "0"}, "template": template},
        **(_fixed(bundle, profile) if profile.queue else _scaled(bundle, profile)),
    }


def _fixed(bundle: Bundle, profile: Profile) -> Manifest:
    """As many workers as the largest lane needs: a queue admits all of them, or none."""
    count = profile.pods(bundle.plan.shapes())
    limits = {"replicas": count, "minReplicas": count, "maxReplicas": count}
    return {"workerGroupSpecs": [{**_group("workers", bundle, profile, profile.pod), **limits}]}


def _scaled(bundle: Bundle, profile: Profile) -> Manifest:
    """Workers by demand: for each shape of lane such as have just its size, or as much of it as a pod holds. Shapes
    whose pods have one size share a group: the autoscaler cannot tell them apart, and takes pods of either.
    """
    most, groups = profile.autoscale.max_pods, dict[str, Manifest]()
    for lane in bundle.plan.shapes():
        size, count = share(profile, lane)
        name = f"workers-{size.cpu}c{size.gpu}g"
        at_most = max(count, most * profile.pod.fits(size.cpu, size.gpu), groups.get(name, {}).get("maxReplicas", 0))
        limits = {"replicas": 0, "minReplicas": 0, "maxReplicas": at_most}
        groups[name] = {**_group(name, bundle, profile, size), **limits}
    return {
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "version": "v2",
            "idleTimeoutSeconds": profile.autoscale.idle_seconds,
            "imagePullPolicy": profile.image_pull_policy,
            "securityContext": pods.contained(),
            "env": [{"name": name, "value": value} for name, value in {**pods.WRITABLE, **profile.env}.items()],
            "volumeMounts": [dict(pods.SCRATCH), *pods.mounts_of_claims(profile)],
        },
        "workerGroupSpecs": list(groups.values()),
    }


def share(profile: Profile, lane: Resources) -> tuple[PodSize, int]:
    """The size of a lane's pods, and their number: no more than its ranks need of a whole pod's cores, GPUs and memory.

    Raises ``PlaceError`` when a rank fits into none.
    """
    from kubernetes.utils.quantity import parse_quantity

    count = profile.pods((lane,))
    ranks = -(-lane.ranks // count)
    cpu, gpu = ranks * lane.per_rank.cpu, ranks * lane.per_rank.gpu
    part = max(Decimal(cpu) / profile.pod.cpu, Decimal(gpu) / profile.pod.gpu if gpu else Decimal(0))
    memory = int(parse_quantity(profile.pod.memory) * part) >> 20
    asked = (profile.pod.cpu_request or profile.pod.cpu) * cpu / profile.pod.cpu
    size = {"cpu": cpu, "cpu_request": asked, "gpu": gpu, "memory": f"{memory}Mi"}
    return profile.pod.model_copy(update=size), count


def _group(name: str, bundle: Bundle, profile: Profile, size: PodSize) -> Manifest:
    start = {"num-cpus": str(size.cpu), "num-gpus": str(size.gpu)}
    template = _ray_pod(bundle, profile, size, ports=pods.METRICS, before_end=pods.FAREWELL)
    return {"groupName": name, "rayStartParams": start, "template": template}


def _ray_pod(bundle: Bundle, profile: Profile, size: PodSize | Head, **options: Any) -> Manifest:
    """A pod of Ray's: KubeRay says how Ray is started in it, and we what is there before."""
    most = profile.autoscale.max_pods
    env = {
        "XFER_STORAGE": profile.storage,
        "XFER_RUN": bundle.study,
        **environment(bundle),
        **({} if profile.queue else {"XFER_GROWS_TO": f"{most * profile.pod.cpu},{most * profile.pod.gpu}"}),
    }
    template = pods.pod(
        profile, ["python", "-P", "-u", "-m", "jobs.ray_node"], env, labels(RUN, bundle.study),
        config_map=bundle.study, files=keys(bundle), resources=pods.resources_of(profile, size), **options,
    )  # fmt: skip
    template["metadata"]["annotations"] = {"ray.io/overwrite-container-cmd": "true"}
    return template


def _merged(ours: Manifest, added: Manifest) -> Manifest:
    """Maps key by key, anything else as a whole."""
    found = dict(ours)
    for key, value in added.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _merged(found[key], value) if both else value
    return found
