"""Rules about the groups of pods of a Ray cluster, its head and its workers, in the manifest of a RayJob."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from cluster.kuberay.rule import Rule, entries, number, section, shown, text
from cluster.manifest import Manifest
from xfer.errors import Problem

BY_HAND = {
    "RAY_REDIS_ADDRESS": "it would turn GCS fault tolerance on, and KubeRay refuses it",
    "REDIS_USERNAME": "it belongs to GCS fault tolerance, and KubeRay refuses it",
    "RAY_ADDRESS": "KubeRay sets it, unless it is there: the driver would look for another cluster",
}
"""Variables of Ray's container that are to stay unset, and why."""

SIZES = ("num-cpus", "num-gpus", "memory")
"""Parameters of ``ray start`` that are whole numbers."""

MAX_REPLICAS = 2**31 - 1
"""The default of the definition."""

GROUP_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?")
LABEL = re.compile(r"[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
LABEL_KEY = re.compile(rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{LABEL.pattern}", re.ASCII)
QUANTITY = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)


class Group(NamedTuple):
    """The head, or a group of workers, and where it stands."""

    path: str
    spec: Manifest

    @property
    def pod(self) -> Manifest:
        return section(self.spec, "template", "spec")

    @property
    def container(self) -> Manifest:
        """Ray's container: KubeRay takes the first one for it."""
        return next(iter(entries(self.pod, "containers")), {})

    @property
    def variables(self) -> Manifest:
        return {text(variable, "name"): variable.get("value") for variable in entries(self.container, "env")}


def head(cluster: Manifest) -> Group:
    return Group("headGroupSpec", section(cluster, "headGroupSpec"))


def workers(cluster: Manifest) -> list[Group]:
    return [Group(f"workerGroupSpecs[{i}]", spec) for i, spec in enumerate(entries(cluster, "workerGroupSpecs"))]


def groups(cluster: Manifest) -> list[Group]:
    return [head(cluster), *workers(cluster)]


def autoscales(cluster: Manifest) -> bool:
    return cluster.get("enableInTreeAutoscaling") is True


def unrestricted(path: str, pod: Manifest, context: Manifest) -> Iterator[Problem]:
    """What Pod Security *restricted* misses in the security context of a container, some of which its pod may say."""
    outer = section(pod, "securityContext")
    seccomp = section(context, "seccompProfile") or section(outer, "seccompProfile")
    dropped = section(context, "capabilities").get("drop")
    has = {
        "runAsNonRoot: true": context.get("runAsNonRoot", outer.get("runAsNonRoot")) is True,
        "seccompProfile: {type: RuntimeDefault}": seccomp.get("type") in ("RuntimeDefault", "Localhost"),
        "allowPrivilegeEscalation: false": context.get("allowPrivilegeEscalation") is False,
        "capabilities: {drop: [ALL]}": isinstance(dropped, list) and "ALL" in dropped,
    }
    missing = [name for name, there in has.items() if not there]
    if missing:
        what = f"is {shown(context)}: where pods have to be restricted the study would wait for this one for ever"
        yield Problem(f"{path}.securityContext", what, f"add {', '.join(missing)}")


def _containers(cluster: Manifest) -> Iterator[Problem]:
    for group in groups(cluster):
        where = f"{group.path}.template.spec"
        if not group.container:
            yield Problem(f"{where}.containers", "is empty: KubeRay refuses the cluster", "add Ray's container")
        for kind in ("initContainers", "containers"):
            for i, container in enumerate(entries(group.pod, kind)):
                yield from unrestricted(f"{where}.{kind}[{i}]", group.pod, section(container, "securityContext"))
        for name in sorted(BY_HAND.keys() & group.variables.keys()):
            yield Problem(f"{where}.containers[0].env", f"has {name}: {BY_HAND[name]}", "leave it out")


def _sizes(cluster: Manifest) -> Iterator[Problem]:
    """KubeRay and its autoscaler read here what a pod has."""
    for group in groups(cluster):
        where, resources = group.path, section(group.spec, "resources")
        params = {k: v for k, v in section(group.spec, "rayStartParams").items() if v and k in (*SIZES, "resources")}
        if params and resources:
            what = f"has {', '.join(params)} beside {where}.resources: KubeRay wants one of the two"
            yield Problem(f"{where}.rayStartParams", what, f"leave {where}.resources out")
        for key, value in params.items():
            if key != "resources" and not re.fullmatch(r"\d+", str(value), re.ASCII):
                what = f"is {shown(value)}: Ray would not start"
                yield Problem(f"{where}.rayStartParams.{key}", what, "write a whole number, as a string")
        if "resources" in params and not _counts(str(params["resources"])):
            what = f"is {shown(params['resources'])}: KubeRay would leave the GPUs out, the autoscaler would not start"
            fix = "write a JSON map of whole numbers in single quotes, which are part of the string"
            yield Problem(f"{where}.rayStartParams.resources", what, fix)
        for name, quantity in resources.items():
            if not QUANTITY.fullmatch(str(quantity)):
                what = f"is {shown(quantity)}: KubeRay would leave it out, the autoscaler would not start"
                yield Problem(f"{where}.resources.{name}", what, "write a quantity, as in 4 or 16Gi")


def _counts(quoted: str) -> bool:
    """Whether it is how Ray's autoscaler reads custom resources: a JSON map within one more pair of quotes."""
    try:
        found = json.loads(quoted[1:-1].replace("\\", ""))
    except ValueError:
        return False
    return isinstance(found, dict) and all(isinstance(count, int) for count in found.values())


def _start(cluster: Manifest) -> Iterator[Problem]:
    for group in groups(cluster):
        params, where = section(group.spec, "rayStartParams"), f"{group.path}.rayStartParams"
        if "labels" in params:
            what = f"is {shown(params['labels'])}: KubeRay refuses labels there"
            yield Problem(f"{where}.labels", what, f"write them in {group.path}.labels")
        if params.get("redis-username"):
            what = f"is {shown(params['redis-username'])}: {BY_HAND['REDIS_USERNAME']}"
            yield Problem(f"{where}.redis-username", what, "leave it out")
        if params.get("address"):
            what = f"is {shown(params['address'])}: its pods would join another cluster, and the study wait for them"
            yield Problem(f"{where}.address", what, "leave it out")
        for key, value in section(group.spec, "labels").items():
            if not LABEL_KEY.fullmatch(key) or not (value == "" or LABEL.fullmatch(str(value))):
                what = f"has {shown({key: value})}: KubeRay wants labels as Kubernetes spells them"
                fix = "take up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
                yield Problem(f"{group.path}.labels", what, fix)


def _names(cluster: Manifest) -> Iterator[Problem]:
    count = Counter(text(group.spec, "groupName") for group in workers(cluster))
    for group in workers(cluster):
        name, where = text(group.spec, "groupName"), f"{group.path}.groupName"
        if count[name] > 1:
            what = f"is {shown(name)}, like another's: KubeRay would count and delete the pods of both for each"
            yield Problem(where, what, "give every group a name of its own")
        if name == "headgroup":
            what = f"is {shown(name)}: the head is called so, and KubeRay would count its pod as a worker"
            yield Problem(where, what, "take another name")
        if not GROUP_NAME.fullmatch(name):
            what = f"is {shown(name)}: it becomes a part of its pods' names, and none could be made"
            yield Problem(where, what, "take up to 63 letters, digits and '-', with a letter or digit at both ends")


def _replicas(cluster: Manifest) -> Iterator[Problem]:
    for group in workers(cluster):
        least, most = number(group.spec, "minReplicas", 0), number(group.spec, "maxReplicas", MAX_REPLICAS)
        replicas, hosts = number(group.spec, "replicas", least), number(group.spec, "numOfHosts", 1)
        for key, value in {"minReplicas": least, "maxReplicas": most}.items():
            if value < 0:
                yield Problem(f"{group.path}.{key}", f"is {value}: KubeRay refuses it", "say 0 or more")
        if least > most:
            what = f"is {least}, more than maxReplicas, {most}: KubeRay refuses it"
            yield Problem(f"{group.path}.minReplicas", what, "say no more than maxReplicas")
        elif not least <= replicas <= most:
            what = f"is {replicas}: KubeRay would take the nearest of {least} to {most}, and say nothing"
            yield Problem(f"{group.path}.replicas", what, "say how many pods there are to be")
        if hosts != 1:
            what = f"is {hosts}: 0 makes no pod, and of a replica with more than one pod all end when one is lost"
            yield Problem(f"{group.path}.numOfHosts", what, "leave it out: every replica is one pod")
        if group.spec.get("suspend") is True:
            what = "is true: KubeRay would end all its pods, or refuse it beside the autoscaler"
            yield Problem(f"{group.path}.suspend", what, "leave it out")


def _some(cluster: Manifest) -> Iterator[Problem]:
    """A study is only the driver on the head: what trains needs a worker."""
    bound = "maxReplicas" if autoscales(cluster) else "replicas"
    default = MAX_REPLICAS if autoscales(cluster) else 0
    if all(max(number(g.spec, bound, default), number(g.spec, "minReplicas", 0)) <= 0 for g in workers(cluster)):
        what = f"has no group with a {bound} above 0: the head trains nothing, and the study would wait for ever"
        yield Problem("workerGroupSpecs", what, f"raise {bound} of a group")


RULES: tuple[Rule, ...] = (_containers, _sizes, _start, _names, _replicas, _some)
