"""Changes of a good RayJob that the API server takes and KubeRay does not run, and words of what is said to each."""

from __future__ import annotations

import pytest

from cluster.manifest import Manifest
from tests.unit.cluster.ray_job import cluster, deletes, fixed, good, head, job, merged, pod, queued, variable, workers

HALF: Manifest = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["NET_RAW"]}}
GROUP = good()["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]

BAD: dict[str, tuple[Manifest, str]] = {
    "a name that is too long": ({"metadata": {"name": "a" * 48}}, "metadata.name: has 48 letters"),
    "a name with a digit first": (
        {"metadata": {"name": "2020-study"}},
        'metadata.name: is "2020-study": KubeRay wants',
    ),
    "an annotation for fault tolerance": ({"metadata": {"annotations": {"ray.io/ft-enabled": "true"}}}, "ft-enabled"),
    "a pod with a command of its own": (
        workers(template={"metadata": {"annotations": {"ray.io/overwrite-container-cmd": "True"}}}),
        "workerGroupSpecs[0].template.metadata.annotations: has ray.io/overwrite-container-cmd",
    ),
    "HTTP": (job(submissionMode="HTTPMode"), 'spec.submissionMode: is "HTTPMode"'),
    "a sidecar": (
        job(submissionMode="SidecarMode", submitterPodTemplate=None),
        "KubeRay refuses a submitterPodTemplate",
    ),
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
    "a wait for no end": (
        job(shutdownAfterJobFinishes=False),
        "KubeRay refuses it where shutdownAfterJobFinishes is not",
    ),
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
    "rules for workers only": (
        job(**deletes(("DeleteWorkers", "FAILED", 0))),
        "deletionRules[0].policy: is DeleteWorkers",
    ),
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
    "another manager of the cluster": (
        cluster(managedBy="kueue.x-k8s.io/multikueue"),
        "spec.rayClusterSpec.managedBy: is",
    ),
    "no cluster": (job(rayClusterSpec=None), "spec.rayClusterSpec: is not set"),
    "asleep and not to be ended": (
        job(suspend=True, shutdownAfterJobFinishes=False, ttlSecondsAfterFinished=None),
        "spec.shutdownAfterJobFinishes: is not true: KubeRay refuses to suspend",
    ),
    "a cluster that sleeps": (cluster(suspend=True), "spec.rayClusterSpec.suspend: is true"),
    "an upgrade": (cluster(upgradeStrategy={"type": "Recreate"}), "spec.rayClusterSpec.upgradeStrategy.type: is"),
    "KubeRay's policy": (cluster(networkPolicy={}), "spec.rayClusterSpec.networkPolicy: is {}"),
    "TLS": (cluster(tlsOptions={"enabled": True}), "spec.rayClusterSpec.tlsOptions: is"),
    "history": (cluster(historyServerOptions={}), "spec.rayClusterSpec.historyServerOptions: is"),
    "fault tolerance": (
        cluster(gcsFaultToleranceOptions={"redisAddress": "redis:6379"}),
        "gcsFaultToleranceOptions: is",
    ),
    "Kubernetes' tokens": (
        cluster(authOptions={"enableK8sTokenAuth": True}),
        "authOptions.enableK8sTokenAuth: is true",
    ),
    "no tokens, by mistake": (cluster(authOptions={"mode": None, "secretName": "a"}), "authOptions.mode: is not set"),
    "no version": (cluster(rayVersion=None), 'spec.rayClusterSpec.rayVersion: is "": for authOptions.mode token'),
    "an old version": (cluster(rayVersion="2.51.1"), "KubeRay wants 2.52 or later"),
    "a version without priorities": (
        merged(cluster(rayVersion="2.55.0"), workers(priority=1)),
        "for workerGroupSpecs[0].priority KubeRay wants 2.56",
    ),
    "a negative rest": (
        cluster(autoscalerOptions={"idleTimeoutSeconds": -1}),
        "autoscalerOptions.idleTimeoutSeconds: is -1",
    ),
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
    "workers that start again": (
        workers(**pod(restartPolicy="Always")),
        'workerGroupSpecs[0].template.spec.restartPolicy: is "Always"',
    ),
    "a negative rest of a group": (workers(idleTimeoutSeconds=-1), "workerGroupSpecs[0].idleTimeoutSeconds: is -1"),
    "no dashboard": (head(rayStartParams={"include-dashboard": "false"}), "rayStartParams.include-dashboard: is false"),
    "a dashboard for nobody": (
        head(rayStartParams={"dashboard-host": "127.0.0.1"}),
        "rayStartParams.dashboard-host: is",
    ),
    "a dashboard elsewhere": (
        head(rayStartParams={"dashboard-port": "9000"}),
        'rayStartParams.dashboard-port: is "9000": the head\'s service leads to 8265',
    ),
    "a dashboard that no service names": (
        head(**pod(containers={0: {"ports": [{"name": "metrics", "containerPort": 8080, "protocol": "TCP"}]}})),
        'headGroupSpec.template.spec.containers[0].ports: has only "metrics"',
    ),
    "a head without a container": (
        head(**pod(containers={0: None})),
        "headGroupSpec.template.spec.containers: is empty",
    ),
    "workers without a container": (
        workers(**pod(containers={0: None})),
        "workerGroupSpecs[0].template.spec.containers: is",
    ),
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
    "a user of Redis, as a parameter": (
        head(rayStartParams={"redis-username": "a"}),
        "rayStartParams.redis-username: is",
    ),
    "another address": (workers(**variable("RAY_ADDRESS")), "containers[0].env: has RAY_ADDRESS"),
    "another head": (workers(rayStartParams={"address": "there:6379"}), "rayStartParams.address: is"),
    "sizes twice": (workers(resources={"CPU": "4"}), "has resources beside workerGroupSpecs[0].resources"),
    "a size in words": (workers(rayStartParams={"num-gpus": "two"}), 'rayStartParams.num-gpus: is "two"'),
    "resources in no quotes": (workers(rayStartParams={"resources": '{"lane": 1}'}), "rayStartParams.resources: is"),
    "a quantity in words": (
        head(resources={"CPU": "four"}, rayStartParams=None),
        'headGroupSpec.resources.CPU: is "four"',
    ),
    "labels as parameters": (workers(rayStartParams={"labels": "a=b"}), "write them in workerGroupSpecs[0].labels"),
    "a label with a blank": (workers(labels={"zone": "a b"}), 'workerGroupSpecs[0].labels: has {"zone": "a b"}'),
    "two groups of one name": (
        cluster(workerGroupSpecs={1: GROUP}),
        'workerGroupSpecs[1].groupName: is "workers", like',
    ),
    "a group named like the head": (workers(groupName="headgroup"), 'groupName: is "headgroup": the head is called so'),
    "a group that names no pod": (workers(groupName="big_gpus"), "it becomes a part of its pods' names"),
    "negative replicas": (workers(minReplicas=-1), "workerGroupSpecs[0].minReplicas: is -1"),
    "a negative most": (workers(maxReplicas=-1), "workerGroupSpecs[0].maxReplicas: is -1"),
    "more at least than at most": (workers(minReplicas=9), "is 9, more than maxReplicas, 8"),
    "replicas out of bounds": (workers(replicas=9), "workerGroupSpecs[0].replicas: is 9"),
    "several pods at once": (workers(numOfHosts=2), "workerGroupSpecs[0].numOfHosts: is 2"),
    "workers that sleep": (workers(suspend=True), "workerGroupSpecs[0].suspend: is true"),
    "no worker at most": (workers(maxReplicas=0), "has no group with a maxReplicas above 0"),
    "no group": (cluster(workerGroupSpecs=None), "spec.rayClusterSpec.workerGroupSpecs: has no group"),
}

BAD_WITHOUT_AN_AUTOSCALER: dict[str, tuple[Manifest, str]] = {
    "its version as a variable": (head(**variable("RAY_enable_autoscaler_v2", "1")), "has RAY_enable_autoscaler_v2"),
    "a rest": (workers(idleTimeoutSeconds=30), "workerGroupSpecs[0].idleTimeoutSeconds: is 30: without autoscaler v2"),
    "a rest, and the version": (
        merged(workers(idleTimeoutSeconds=30), cluster(autoscalerOptions={"version": "v2"})),
        "workerGroupSpecs[0].idleTimeoutSeconds: is 30: without autoscaler v2 KubeRay refuses it, or nobody reads it",
    ),
    "a priority": (workers(priority=3), "workerGroupSpecs[0].priority: is 3: without autoscaler v2"),
    "no worker": (workers(replicas=0, minReplicas=0), "has no group with a replicas above 0"),
}

BAD_IN_A_QUEUE: dict[str, tuple[Manifest, str]] = {
    "awake": (job(suspend=False), "spec.suspend: is not true: with the queue research"),
    "an autoscaler": (
        merged(
            cluster(enableInTreeAutoscaling=True), cluster(autoscalerOptions={"version": "v2", "securityContext": HALF})
        ),
        "spec.rayClusterSpec.enableInTreeAutoscaling: is true: Kueue refuses it",
    ),
    "a group named like the head": (workers(groupName="head"), 'groupName: is "head": Kueue calls the head so'),
    "many groups": (
        cluster(workerGroupSpecs={i: merged(GROUP, {"groupName": f"g{i}"}) for i in range(7)}),
        "spec.rayClusterSpec.workerGroupSpecs: has 7 groups",
    ),
}

CHANGES = [
    *(pytest.param(good, *bad, id=name) for name, bad in BAD.items()),
    *(pytest.param(fixed, *bad, id=f"fixed: {name}") for name, bad in BAD_WITHOUT_AN_AUTOSCALER.items()),
    *(pytest.param(queued, *bad, id=f"queue: {name}") for name, bad in BAD_IN_A_QUEUE.items()),
]
