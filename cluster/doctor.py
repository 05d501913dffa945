"""What is there for studies in a namespace, what is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from cluster import runtime
from cluster.kube import Namespace
from cluster.place import Finding, PlaceError
from cluster.profile import Profile
from cluster.rights import RIGHTS, Rights, needed


def examine(space: Namespace, profile: Profile | PlaceError) -> Iterator[Finding]:
    """Look at everything that can be looked at; nothing is changed."""
    yield _rights(space, RIGHTS if isinstance(profile, PlaceError) else needed(profile))
    if isinstance(profile, PlaceError):
        yield Finding("profile", False, str(profile))
        return
    yield Finding("profile", True, f"{profile.image}, pods of {profile.pod.cpu} CPUs and {profile.pod.gpu} GPUs")
    for what, look in (("runtime", _runtime), ("storage", _claims), ("GPUs", _devices), ("quota", _quotas)):
        try:
            yield from look(space, profile)
        except PlaceError as error:
            yield Finding(what, False, str(error))


def _rights(space: Namespace, rights: Rights) -> Finding:
    missing = [
        f"{verb} {resource}"
        for (group, resource), verbs in rights.items()
        for verb in verbs
        if not space.may(verb, group, resource)
    ]
    fix = "ask for the chart's role (access.subjects); you may not: " + ", ".join(missing)
    return Finding("rights", not missing, fix if missing else "all that the verbs need")


def _runtime(space: Namespace, profile: Profile) -> Iterator[Finding]:
    kind = runtime.chosen(space, profile).KIND
    queue = f", admitted by the queue {profile.queue}" if profile.queue else ""
    yield Finding("runtime", True, f"a study is a {kind} here (profile: {profile.runtime}){queue}")


def _claims(space: Namespace, profile: Profile) -> Iterator[Finding]:
    for claim in profile.claims:
        found = space.get("v1", "PersistentVolumeClaim", claim.claim)
        phase = found["status"].get("phase") if found else "not there"
        said = f"{claim.claim} is {phase}"
        if phase == "Bound":
            yield Finding("storage", True, said)
        elif phase == "Pending":
            yield Finding("storage", None, f"{said}: a volume is made when the first pod comes, or its class is wrong")
        else:
            yield Finding("storage", False, f"{said}: install the chart with storage.claim.create, or make it")
    if "://" in profile.storage:
        yield Finding("storage", None, f"{profile.storage}: only pods can tell whether they reach it")


def _devices(space: Namespace, profile: Profile) -> Iterator[Finding]:
    if not profile.pod.gpu:
        return
    try:
        nodes = space.nodes()
    except PlaceError:
        yield Finding("GPUs", None, f"you may not list nodes, so {profile.gpu_resource} cannot be counted")
        return
    most = max((int(node["status"].get("allocatable", {}).get(profile.gpu_resource, 0)) for node in nodes), default=0)
    good = most >= profile.pod.gpu
    said = f"the largest node has {most} of {profile.gpu_resource}, a pod takes {profile.pod.gpu}"
    yield Finding("GPUs", good, said if good else f"{said}: set profiles.NAME.pod.gpu to what nodes have")


def _quotas(space: Namespace, _: Profile) -> Iterator[Finding]:
    for quota in space.find("v1", "ResourceQuota"):
        status = quota.get("status", {})
        used = [
            f"{name} {status.get('used', {}).get(name, 0)} of {hard}" for name, hard in status.get("hard", {}).items()
        ]
        yield Finding("quota", True, ", ".join(used))
