"""RayJobs of a study for tests, and how to change them."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from ruamel.yaml import YAML

from cluster.manifest import Manifest

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

FIXED = """\
spec:
  rayClusterSpec:
    enableInTreeAutoscaling: null
    autoscalerOptions: null
    workerGroupSpecs: {0: {replicas: 4, minReplicas: 4, maxReplicas: 4, idleTimeoutSeconds: null}}
"""
"""A change: maps are merged, null takes a field out, and the keys of a list are its indices."""

QUEUED = "{metadata: {labels: {kueue.x-k8s.io/queue-name: research}}, spec: {suspend: true}}"


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


def deletes(*rules: tuple[str, str, int]) -> Manifest:
    """Fields of ``spec``: each rule is what goes, after which end, and how many seconds later."""
    listed = [
        {"policy": policy, "condition": {"jobStatus": status, "ttlSeconds": seconds}}
        for policy, status, seconds in rules
    ]
    return {
        "shutdownAfterJobFinishes": None,
        "ttlSecondsAfterFinished": None,
        "deletionStrategy": {"deletionRules": listed},
    }


def parsed(text: str) -> Manifest:
    found: Manifest = YAML(typ="safe", pure=True).load(text)
    return deepcopy(found)


def merged(into: Any, change: Any) -> Any:
    """``into`` with a change, as ``FIXED`` is one."""
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
def fixed() -> Manifest:
    found: Manifest = merged(good(), parsed(FIXED))
    return found


@cache
def queued() -> Manifest:
    found: Manifest = merged(fixed(), parsed(QUEUED))
    return found
