"""What keeps pods from running, in a user's words: from their status and from the events of their Job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from cluster.manifest import Manifest

WAITING = {
    "ErrImagePull": "the image cannot be pulled",
    "ImagePullBackOff": "the image cannot be pulled",
    "ErrImageNeverPull": "the image is not on the node, and may not be pulled",
    "InvalidImageName": "the image's name is malformed",
    "CreateContainerConfigError": "the container cannot be made",
    "CreateContainerError": "the container cannot be made",
}


OVERDUE = timedelta(seconds=60)
"""By which a pod may outlast the time that it has been given to end."""

DEAD = (
    "{pod} does not end on node {node}: if that machine is off for certain, say so, and the pod is replaced: "
    "kubectl taint node {node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
)


def of(pods: Sequence[Manifest], events: Sequence[Manifest], since: str = "") -> tuple[str, ...]:
    """Each trouble once, pods first. What refused pods before ``since``, or before the newest pod, is over."""
    found = [trouble for pod in pods for trouble in _of_pod(pod)]
    over = max([since, *(str(pod["metadata"].get("creationTimestamp", "")) for pod in pods)])
    for event in events:
        if event.get("reason") == "FailedCreate" and str(event.get("lastTimestamp") or "") >= over:
            found.append(f"no pod can be made: {event.get('message', '')}")
    return tuple(dict.fromkeys(found))


def _of_pod(pod: Manifest) -> Iterator[str]:
    metadata, status = pod["metadata"], pod.get("status", {})
    name, deadline = metadata["name"], metadata.get("deletionTimestamp")  # by when it is to have ended
    if deadline and datetime.fromisoformat(deadline) + OVERDUE < datetime.now(UTC):
        yield DEAD.format(pod=name, node=pod.get("spec", {}).get("nodeName", ""))
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"{name} finds no node: {condition.get('message', '')}"
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            yield f"{name} was disrupted ({condition.get('reason', '')}): {condition.get('message', '')}"
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting") or {}
        if waiting.get("reason") in WAITING:
            yield f"{name}: {WAITING[waiting['reason']]}: {waiting.get('message', '')}".rstrip(": ")
        for ended in (container.get("state", {}).get("terminated"), container.get("lastState", {}).get("terminated")):
            if ended and ended.get("reason") == "OOMKilled":
                yield f"{name} ran out of memory: give its pods more, or take smaller micro-batches"
