"""What KubeRay would not run is refused before anything is submitted, and only what the API server would take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cluster.manifest import Manifest
from cluster.place import PlaceError
from cluster.rayjob_rules import refuse

GOOD = """\
apiVersion: ray.io/v1
kind: RayJob
metadata: {name: which-tasks-help, labels: {app.kubernetes.io/name: xfer-study}}
spec:
  submissionMode: K8sJobMode
  entrypoint: python -P -u -m jobs.pod '/etc/xfer/study/a study.yaml'
  backoffLimit: 20
  submitterConfig: {backoffLimit: 20}
  shutdownAfterJobFinishes: true
  ttlSecondsAfterFinished: 600
  submitterPodTemplate:
    spec: &pod
      restartPolicy: Never
      serviceAccountName: xfer-study
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: ray
          image: registry.example/xfer:1.2
          env: [{name: HOME, value: /tmp}]
          resources: {limits: {cpu: 4, memory: 16Gi}}
          securityContext: &context {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
  rayClusterSpec:
    rayVersion: 2.60.0
    enableInTreeAutoscaling: true
    autoscalerOptions: {version: v2, idleTimeoutSeconds: 60, securityContext: *context}
    authOptions: {mode: token}
    headGroupSpec:
      rayStartParams: {num-cpus: "0"}
      template: {spec: *pod}
    workerGroupSpecs:
      - groupName: workers
        replicas: 0
        minReplicas: 0
        maxReplicas: 8
        idleTimeoutSeconds: 30
        rayStartParams: {resources: "'{\\"lane\\": 1}'"}
        template: {spec: *pod}
"""

IN_A_QUEUE = """\
metadata: {labels: {kueue.x-k8s.io/queue-name: research}}
spec:
  suspend: true
  rayClusterSpec:
    enableInTreeAutoscaling: null
    autoscalerOptions: null
    workerGroupSpecs: {0: {replicas: 4, minReplicas: 4, maxReplicas: 4, idleTimeoutSeconds: null}}
"""
"""A change: maps are merged, null takes a field out, and the keys of a list are its indices."""


def job(**spec: Any) -> Manifest:
    return {"spec": spec}


def cluster(**spec: Any) -> Manifest:
    return job(rayClusterSpec=spec)


def head(**spec: Any) -> Manifest:
    return cluster(headGroupSpec=spec)


def workers(**spec: Any) -> Manifest:
    return cluster(workerGroupSpecs={0: spec})


def pod(**spec: Any) -> Manifest:
    return {"template": {"spec": spec}}


def variable(name: str, value: str = "a") -> Manifest:
    return pod(containers={0: {"env": [{"name": name, "value": value}]}})


def deletes(*rules: tuple[str, str, int], **conditions: str) -> Manifest:
    listed = [
        {"policy": policy, "condition": {"jobStatus": status, "ttlSeconds": seconds}} for policy, status, seconds in rules
    ]
    return {"shutdownAfterJobFinishes": None, "ttlSecondsAfterFinished": None, "deletionStrategy": {"deletionRules": listed}}


def parsed(text: str) -> Manifest:
    found: Manifest = YAML(typ="safe", pure=True).load(text)
    return deepcopy(found)


def merged(into: Any, change: Any) -> Any:
    """``into`` with a change, as ``IN_A_QUEUE`` shows one."""
    if not isinstance(change, dict) or not isinstance(into, dict | list):
        return deepcopy(change)
    found = dict(enumerate(into)) if isinstance(into, list) else dict(into)
    for key, value in change.items():
        found[key] = merged(found.get(key), value)
    kept = {key: value for key, value in found.items() if value is not None}
    return list(kept.values()) if isinstance(into, list) else kept


@cache
def good() -> Manifest:
    return parsed(GOOD)


@cache
def queued() -> Manifest:
    found: Manifest = merged(good(), parsed(IN_A_QUEUE))
    return found


HALF: Manifest = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["NET_RAW"]}}
NO_V2 = {"enableInTreeAutoscaling": None, "autoscalerOptions": None}
FIXED = {"replicas": 2, "maxReplicas": 2, "idleTimeoutSeconds": None}
GROUP = good()["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]

BAD: dict[str, tuple[Manifest, str]] = {
    "a name that is too long": ({"metadata": {"name": "a" * 48}}, "metadata.name: has 48 letters"),
    "a name with a digit first": ({"metadata": {"name": "2020-study"}}, 'metadata.name: is "2020-study": KubeRay wants'),
    "an annotation for fault tolerance": ({"metadata": {"annotations": {"ray.io/ft-enabled": "true"}}}, "ft-enabled"),
    "a command of its own": (
        {"metadata": {"annotations": {"ray.io/overwrite-container-cmd": "true"}}},
        "metadata.annotations: has ray.io/overwrite-container-cmd",
    ),
    "a pod with a command of its own": (
        workers(template={"metadata": {"annotations": {"ray.io/overwrite-container-cmd": "True"}}}),
        "workerGroupSpecs[0].template.metadata.annotations: has ray.io/overwrite-container-cmd",
    ),
    "HTTP": (job(submissionMode="HTTPMode"), 'spec.submissionMode: is "HTTPMode"'),
    "a sidecar": (job(submissionMode="SidecarMode", submitterPodTemplate=None), "KubeRay refuses a submitterPodTemplate"),
    "by hand": (job(submissionMode="InteractiveMode", backoffLimit=1), "submit the study by hand"),
    "an unknown way to submit": (job(submissionMode="Bogus"), "KubeRay does not know it"),
    "no entrypoint": (job(entrypoint=" "), "spec.entrypoint: is empty"),
    "two commands": (job(entrypoint="cd /tmp && python"), "spec.entrypoint: is"),
    "an open quote": (job(entrypoint="python 'a"), "spec.entrypoint: is"),
    "two lines": (job(entrypoint="python a\npython b"), "spec.entrypoint: is"),
    "an id for a shell": (job(jobId="a;b"), 'spec.jobId: is "a;b"'),
    "another cluster": (job(clusterSelector={"ray.io/cluster": "theirs"}), "spec.clusterSelector: is"),
    "a driver that asks for CPUs": (job(entrypointNumCpus=1), "spec.entrypointNumCpus: is 1"),
    "a driver that asks for GPUs": (job(entrypointNumGpus=0.5), "spec.entrypointNumGpus: is 0.5"),
    "a driver that asks for more": (job(entrypointResources='{"lane": 1}'), "spec.entrypointResources: is"),
    "an environment that is a list": (job(runtimeEnvYAML="- a"), 'spec.runtimeEnvYAML: is "- a"'),
    "an environment that is no YAML": (job(runtimeEnvYAML="a: b: c"), "KubeRay wants a YAML map"),
    "negative tries": (job(backoffLimit=-1), "spec.backoffLimit: is -1"),
    "one try": (job(backoffLimit=None), "spec.backoffLimit: is 0"),
    "negative tries to submit": (job(submitterConfig={"backoffLimit": -1}), "spec.submitterConfig.backoffLimit: is -1"),
    "no time": (job(activeDeadlineSeconds=0), "spec.activeDeadlineSeconds: is 0"),
    "a negative wait for the end": (job(ttlSecondsAfterFinished=-5), "spec.ttlSecondsAfterFinished: is -5"),
    "a wait for no end": (job(shutdownAfterJobFinishes=False), "KubeRay refuses it where shutdownAfterJobFinishes is not"),
    "pods that stay": (
        job(shutdownAfterJobFinishes=None, ttlSecondsAfterFinished=None),
        "spec.shutdownAfterJobFinishes: is not true: the pods of a study that has ended would stay",
    ),
    "a deletion without a policy": (
        job(deletionStrategy={"onSuccess": {}, "onFailure": {"policy": "DeleteCluster"}}),
        "spec.deletionStrategy.onSuccess.policy: is not set",
    ),
    "a deletion of nothing": (
        job(deletionStrategy={"onSuccess": {"policy": "DeleteCluster"}, "onFailure": {"policy": "DeleteNone"}}),
        "spec.deletionStrategy.onFailure.policy: is DeleteNone",
    ),
    "a deletion of workers only": (
        job(deletionStrategy={"onSuccess": {"policy": "DeleteWorkers"}, "onFailure": {"policy": "DeleteCluster"}}),
        "spec.deletionStrategy.onSuccess.policy: is DeleteWorkers: KubeRay refuses it beside the autoscaler",
    ),
    "two ways to end": (
        job(**deletes(("DeleteCluster", "FAILED", 0)) | {"shutdownAfterJobFinishes": True}),
        "spec.deletionStrategy.deletionRules: is set: KubeRay refuses it beside shutdownAfterJobFinishes",
    ),
    "rules for workers only": (job(**deletes(("DeleteWorkers", "FAILED", 0))), "deletionRules[0].policy: is DeleteWorkers"),
    "one rule twice": (
        job(**deletes(("DeleteCluster", "FAILED", 0), ("DeleteCluster", "FAILED", 9))),
        "deletionRules[1]: is another DeleteCluster on FAILED",
    ),
    "rules in the wrong order": (
        job(**deletes(("DeleteSelf", "SUCCEEDED", 5), ("DeleteCluster", "SUCCEEDED", 60))),
        "has DeleteSelf 5 s after SUCCEEDED, DeleteCluster only 60 s",
    ),
    "no submitter": (job(submitterPodTemplate=None), "spec.submitterPodTemplate: is not set"),
    "a submitter without a container": (
        job(submitterPodTemplate={"spec": {"containers": {0: None}}}),
        "spec.submitterPodTemplate.spec.containers: is empty",
    ),
    "a submitter that submits nothing": (
        job(submitterPodTemplate={"spec": {"containers": {0: {"command": ["sleep", "1"]}}}}),
        'spec.submitterPodTemplate.spec.containers[0].command: is ["sleep", "1"]',
    ),
    "a submitter without a policy": (
        job(submitterPodTemplate={"spec": {"restartPolicy": None}}),
        "spec.submitterPodTemplate.spec.restartPolicy: is null",
    ),
    "a submitter without a context": (
        job(submitterPodTemplate={"spec": {"containers": {0: {"securityContext": None}}}}),
        "spec.submitterPodTemplate.spec.containers[0].securityContext: is {}",
    ),
    "another manager": (job(managedBy="kueue.x-k8s.io/multikueue"), "spec.managedBy: is"),
    "another manager of the cluster": (cluster(managedBy="kueue.x-k8s.io/multikueue"), "spec.rayClusterSpec.managedBy: is"),
    "no cluster": (job(rayClusterSpec=None), "spec.rayClusterSpec: is not set"),
    "asleep without a queue": (job(suspend=True), "nothing would ever start the study"),
    "asleep and not to be ended": (
        job(suspend=True, shutdownAfterJobFinishes=False, ttlSecondsAfterFinished=None),
        "spec.shutdownAfterJobFinishes: is not true: KubeRay refuses to suspend",
    ),
    "a cluster that sleeps": (cluster(suspend=True), "spec.rayClusterSpec.suspend: is true"),
    "an upgrade": (cluster(upgradeStrategy={"type": "Recreate"}), "spec.rayClusterSpec.upgradeStrategy.type: is"),
    "KubeRay's policy": (cluster(networkPolicy={}), "spec.rayClusterSpec.networkPolicy: is {}"),
    "TLS": (cluster(tlsOptions={"enabled": True}), "spec.rayClusterSpec.tlsOptions: is"),
    "history": (cluster(historyServerOptions={}), "spec.rayClusterSpec.historyServerOptions: is"),
    "fault tolerance": (cluster(gcsFaultToleranceOptions={"redisAddress": "redis:6379"}), "gcsFaultToleranceOptions: is"),
    "Kubernetes' tokens": (cluster(authOptions={"enableK8sTokenAuth": True}), "authOptions.enableK8sTokenAuth: is true"),
    "no tokens, by mistake": (cluster(authOptions={"mode": None, "secretName": "a"}), "authOptions.mode: is not set"),
    "no version": (cluster(rayVersion=None), 'spec.rayClusterSpec.rayVersion: is "": for authOptions.mode token'),
    "an old version": (cluster(rayVersion="2.51.1"), "KubeRay wants 2.52 or later"),
    "a version without priorities": (
        merged(cluster(rayVersion="2.55.0"), workers(priority=1)),
        "for workerGroupSpecs[0].priority KubeRay wants 2.56",
    ),
    "a negative rest": (cluster(autoscalerOptions={"idleTimeoutSeconds": -1}), "autoscalerOptions.idleTimeoutSeconds: is -1"),
    "an autoscaler elsewhere": (
        cluster(autoscalerOptions={"env": [{"name": "RAY_CLUSTER_NAME", "value": "a"}]}),
        "autoscalerOptions.env[0].name: is RAY_CLUSTER_NAME",
    ),
    "the old autoscaler": (cluster(autoscalerOptions={"version": "v1"}), 'autoscalerOptions.version: is "v1"'),
    "an autoscaler without a context": (
        cluster(autoscalerOptions={"securityContext": None}),
        "spec.rayClusterSpec.autoscalerOptions.securityContext: is {}",
    ),
    "an account with a long name": (head(**pod(serviceAccountName="a" * 51)), "spec.serviceAccountName: is"),
    "the version as a variable": (head(**variable("RAY_enable_autoscaler_v2")), "has RAY_enable_autoscaler_v2"),
    "the version as a variable, of nothing": (
        merged(cluster(**NO_V2, headGroupSpec=variable("RAY_enable_autoscaler_v2", "1")), workers(**FIXED)),
        "has RAY_enable_autoscaler_v2",
    ),
    "workers that start again": (
        workers(**pod(restartPolicy="Always")),
        'workerGroupSpecs[0].template.spec.restartPolicy: is "Always"',
    ),
    "a rest without an autoscaler": (
        merged(cluster(**NO_V2), workers(**FIXED | {"idleTimeoutSeconds": 30})),
        "workerGroupSpecs[0].idleTimeoutSeconds: is 30: without autoscaler v2",
    ),
    "a priority without an autoscaler": (
        merged(cluster(**NO_V2), workers(**FIXED, priority=3)),
        "workerGroupSpecs[0].priority: is 3: without autoscaler v2",
    ),
    "a negative rest of a group": (workers(idleTimeoutSeconds=-1), "workerGroupSpecs[0].idleTimeoutSeconds: is -1"),
    "no dashboard": (head(rayStartParams={"include-dashboard": "false"}), "rayStartParams.include-dashboard: is false"),
    "a dashboard for nobody": (head(rayStartParams={"dashboard-host": "127.0.0.1"}), "rayStartParams.dashboard-host: is"),
    "a dashboard elsewhere": (
        head(rayStartParams={"dashboard-port": "9000"}),
        'rayStartParams.dashboard-port: is "9000": the head\'s service leads to 8265',
    ),
    "a dashboard that no service names": (
        head(**pod(containers={0: {"ports": [{"name": "metrics", "containerPort": 8080, "protocol": "TCP"}]}})),
        'headGroupSpec.template.spec.containers[0].ports: has only "metrics"',
    ),
    "a head without a container": (head(**pod(containers={0: None})), "headGroupSpec.template.spec.containers: is empty"),
    "workers without a container": (workers(**pod(containers={0: None})), "workerGroupSpecs[0].template.spec.containers: is"),
    "half a context": (
        workers(**pod(initContainers=[{"name": "a", "securityContext": HALF}])),
        "initContainers[0].securityContext: is",
    ),
    "a head that may be root": (head(**pod(securityContext={"runAsNonRoot": None})), "add runAsNonRoot: true"),
    "an unconfined head": (
        head(**pod(securityContext={"seccompProfile": {"type": "Unconfined"}})),
        "add seccompProfile: {type: RuntimeDefault}",
    ),
    "Redis, as a variable": (head(**variable("RAY_REDIS_ADDRESS")), "containers[0].env: has RAY_REDIS_ADDRESS"),
    "a user of Redis": (head(**variable("REDIS_USERNAME")), "containers[0].env: has REDIS_USERNAME"),
    "a user of Redis, as a parameter": (head(rayStartParams={"redis-username": "a"}), "rayStartParams.redis-username: is"),
    "another address": (workers(**variable("RAY_ADDRESS")), "containers[0].env: has RAY_ADDRESS"),
    "another head": (workers(rayStartParams={"address": "there:6379"}), "rayStartParams.address: is"),
    "sizes twice": (workers(resources={"CPU": "4"}), "has resources beside workerGroupSpecs[0].resources"),
    "a size in words": (workers(rayStartParams={"num-gpus": "two"}), 'rayStartParams.num-gpus: is "two"'),
    "resources in no quotes": (workers(rayStartParams={"resources": '{"lane": 1}'}), "rayStartParams.resources: is"),
    "a quantity in words": (head(resources={"CPU": "four"}, rayStartParams=None), 'headGroupSpec.resources.CPU: is "four"'),
    "labels as parameters": (workers(rayStartParams={"labels": "a=b"}), "write them in workerGroupSpecs[0].labels"),
    "a label with a blank": (workers(labels={"zone": "a b"}), 'workerGroupSpecs[0].labels: has {"zone": "a b"}'),
    "two groups of one name": (cluster(workerGroupSpecs={1: GROUP}), 'workerGroupSpecs[1].groupName: is "workers", like'),
    "a group named like the head": (workers(groupName="headgroup"), 'groupName: is "headgroup": the head is called so'),
    "a group that names no pod": (workers(groupName="big_gpus"), "it becomes a part of its pods' names"),
    "negative replicas": (workers(minReplicas=-1), "workerGroupSpecs[0].minReplicas: is -1"),
    "a negative most": (workers(maxReplicas=-1), "workerGroupSpecs[0].maxReplicas: is -1"),
    "more at least than at most": (workers(minReplicas=9), "is 9, more than maxReplicas, 8"),
    "replicas out of bounds": (workers(replicas=9), "workerGroupSpecs[0].replicas: is 9"),
    "several pods at once": (workers(numOfHosts=2), "workerGroupSpecs[0].numOfHosts: is 2"),
    "workers that sleep": (workers(suspend=True), "workerGroupSpecs[0].suspend: is true"),
    "no worker at most": (workers(maxReplicas=0), "has no group with a maxReplicas above 0"),
    "no worker": (merged(cluster(**NO_V2), workers(**FIXED | {"replicas": 0})), "has no group with a replicas above 0"),
    "no group": (cluster(workerGroupSpecs=None), "spec.rayClusterSpec.workerGroupSpecs: has no group"),
}

BAD_IN_A_QUEUE: dict[str, tuple[Manifest, str]] = {
    "awake": (job(suspend=False), "spec.suspend: is not true: with the queue research"),
    "an autoscaler": (
        merged(cluster(enableInTreeAutoscaling=True), cluster(autoscalerOptions={"version": "v2", "securityContext": HALF})),
        "spec.rayClusterSpec.enableInTreeAutoscaling: is true: Kueue refuses it",
    ),
    "a group named like the head": (workers(groupName="head"), 'groupName: is "head": Kueue calls the head so'),
    "many groups": (
        cluster(workerGroupSpecs={i: merged(GROUP, FIXED | {"groupName": f"g{i}"}) for i in range(7)}),
        "spec.rayClusterSpec.workerGroupSpecs: has 7 groups",
    ),
}

CHANGES = [
    *(pytest.param(good, change, words, id=name) for name, (change, words) in BAD.items()),
    *(pytest.param(queued, change, words, id=f"queue: {name}") for name, (change, words) in BAD_IN_A_QUEUE.items()),
]


@pytest.mark.parametrize("base", [good, queued])
def test_what_kuberay_runs_is_not_refused(base: Callable[[], Manifest]) -> None:
    refuse(base(), "the profile")


@pytest.mark.parametrize(("base", "change", "words"), CHANGES)
def test_what_kuberay_would_not_run_is_refused(base: Callable[[], Manifest], change: Manifest, words: str) -> None:
    with pytest.raises(PlaceError) as refused:
        refuse(merged(base(), change), "the profile")
    assert words in str(refused.value)
    assert str(refused.value).startswith("the profile: KubeRay would take this RayJob and not run it:\n")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(PlaceError) as refused:
        refuse(merged(good(), job(backoffLimit=-1, submissionMode="Bogus") | cluster()), "the profile")
    assert str(refused.value).count("\n  -> ") == 2


@pytest.mark.parametrize(
    "change",
    [
        job(backoffLimit="many", entrypoint=3, deletionStrategy=[], submitterConfig="a"),
        cluster(workerGroupSpecs="none", headGroupSpec=[]),
        cluster(workerGroupSpecs=["a"], rayVersion=2.6),
        workers(replicas="two", labels=["a"], **pod(containers={0: "a"})),
    ],
)
def test_a_value_of_another_type_is_no_traceback(change: Manifest) -> None:
    """The API server refuses it; what it leaves to say here is one message, as ever."""
    with pytest.raises(PlaceError):
        refuse(merged(good(), change), "the profile")


# What the definition of KubeRay says of these.

FOLDER = os.environ.get("XFER_KUBERAY_CRDS", "")
needs_definitions = pytest.mark.skipif(not FOLDER, reason="XFER_KUBERAY_CRDS names no folder with KubeRay's definitions")


def strict(schema: Any) -> Any:
    """A structural schema for ``jsonschema``: unknown fields are refused, as strict field validation does."""
    if isinstance(schema, list):
        return [strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_ended:
        found["additionalProperties"] = False
    return found


def defaulted(schema: Manifest, value: Any) -> Any:
    """The API server fills in defaults before it validates."""
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        given = {name: field["default"] for name, field in fields.items() if "default" in field}
        return {key: defaulted(fields.get(key, {}), entry) for key, entry in {**given, **value}.items()}
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), entry) for entry in value]
    return value


EXPRESSIONS: dict[str, Callable[[Any], bool]] = {
    "deletionStrategy": lambda it: ("deletionRules" in it) != ({"onSuccess", "onFailure"} <= it.keys()),
    "condition": lambda it: ("jobStatus" in it) != ("jobDeploymentStatus" in it),
    "managedBy": lambda it: it in ("ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue"),
    "backend": lambda it: True,  # it may not change, and this is the first
}
"""What the expressions of the definition say about a new object, by the name of the field that has them."""


def broken_expressions(schema: Manifest, value: Any, name: str = "") -> Iterator[str]:
    if "x-kubernetes-validations" in schema and not EXPRESSIONS[name](value):
        yield name
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from broken_expressions(schema.get("properties", {}).get(key, {}), entry, key)
    for entry in value if isinstance(value, list) else ():
        yield from broken_expressions(schema.get("items", {}), entry, name)


@cache
def definition() -> Manifest:
    text = (Path(FOLDER) / "ray.io_rayjobs.yaml").read_text(encoding="utf-8")
    versions = YAML(typ="safe").load(text)["spec"]["versions"]
    found: Manifest = next(v["schema"]["openAPIV3Schema"] for v in versions if v["name"] == "v1")
    return found


@cache
def validator() -> Any:
    from jsonschema import Draft4Validator

    return Draft4Validator(strict(definition()))


def complaints(manifest: Manifest) -> list[str]:
    whole = defaulted(definition(), manifest)
    return [*(error.message for error in validator().iter_errors(whole)), *broken_expressions(definition(), whole)]


@needs_definitions
@pytest.mark.parametrize(("base", "change", "words"), CHANGES)
def test_the_api_server_would_take_it(base: Callable[[], Manifest], change: Manifest, words: str) -> None:
    """Else it would not be ours to say."""
    assert complaints(merged(base(), change)) == []


@needs_definitions
@pytest.mark.parametrize(
    "change",
    [
        job(preRunningDeadlineSeconds=0),
        job(deletionStrategy={}),
        job(managedBy="me"),
        job(backofLimit=3),
        job(backoffLimit="3"),
        cluster(authOptions={"mode": "password"}),
    ],
)
def test_what_the_schema_refuses_is_seen_here(change: Manifest) -> None:
    """The check of the schema above can fail; and the good jobs pass it."""
    assert complaints(merged(good(), change))
    assert complaints(good()) == complaints(queued()) == []
