"""Rules about ``rayClusterSpec`` in the manifest of a RayJob.

A cluster that KubeRay refuses leaves its RayJob at ``Initializing``, and why stands in the events of another object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster.kuberay import group_rules
from cluster.kuberay.group_rules import autoscales, groups, head, unrestricted, workers
from cluster.kuberay.rule import Rule, entries, number, section, shown, text
from cluster.manifest import Manifest
from xfer.errors import Problem

NEVER = {
    "suspend": "a suspended cluster gets no pod, and nothing would wake it",
    "upgradeStrategy.type": "KubeRay refuses it in a RayJob",
    "networkPolicy": "KubeRay has it behind a gate that is off, and it would keep KubeRay itself out",
    "tlsOptions": "KubeRay has it behind a gate that is off",
    "historyServerOptions": "KubeRay has it behind a gate that is off",
    "gcsFaultToleranceOptions": "a new head would still know the study's submission, and fail the next one",
    "authOptions.enableK8sTokenAuth": "KubeRay refuses it in a RayJob",
}
"""Fields that are to stay unset, and why."""

SHADOWED = ("KUBERAY_GEN_AUTOSCALER_START_CMD", "RAY_CLUSTER_NAME", "RAY_CLUSTER_NAMESPACE", "RAY_HEAD_POD_NAME")
"""Variables by which KubeRay tells the autoscaler what to look after."""

V2 = "RAY_enable_autoscaler_v2"
ONLY_V2: dict[str, tuple[int | None, ...]] = {"idleTimeoutSeconds": (None,), "priority": (None, 0)}
"""Fields of a group that only autoscaler v2 reads, and the values that say nothing."""

DASHBOARD = 8265


def _never(cluster: Manifest) -> Iterator[Problem]:
    for path, why in NEVER.items():
        *above, key = path.split(".")
        value = section(cluster, *above).get(key)
        if value is not None and value is not False:
            yield Problem(path, f"is {shown(value)}: {why}", "leave it out")


def _authentication(cluster: Manifest) -> Iterator[Problem]:
    options = cluster.get("authOptions")
    if isinstance(options, dict) and not options.get("mode"):
        what = "is not set: KubeRay then asks nobody for a token, and whoever reaches the head runs what he likes"
        yield Problem("authOptions.mode", what, "say token")


def _version(cluster: Manifest) -> Iterator[Problem]:
    """KubeRay reads it to see whether the Ray of the image knows a field, and refuses the field when it is not said."""
    said = text(cluster, "rayVersion")
    numbers = re.match(r"v?(\d+)\.(\d+)", said)
    version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    needs = {f"{group.path}.priority": (2, 56) for group in workers(cluster) if number(group.spec, "priority", 0)}
    if section(cluster, "authOptions").get("mode") == "token":
        needs["authOptions.mode token"] = (2, 52)
    for field, least in needs.items():
        if version < least:
            what = f"is {shown(said)}: for {field} KubeRay wants {least[0]}.{least[1]} or later"
            yield Problem("rayVersion", what, "write the version of the image's Ray, as in 2.60.0")


def _autoscaler(cluster: Manifest) -> Iterator[Problem]:
    options, pod = section(cluster, "autoscalerOptions"), head(cluster).pod
    if (idle := number(options, "idleTimeoutSeconds", 0)) < 0:
        yield Problem("autoscalerOptions.idleTimeoutSeconds", f"is {idle}: KubeRay refuses it", "say 0 or more")
    for i, variable in enumerate(entries(options, "env")):
        if variable.get("name") in SHADOWED:
            what = f"is {variable['name']}, which KubeRay sets: the autoscaler would look after something else"
            yield Problem(f"autoscalerOptions.env[{i}].name", what, "leave it out")
    if not autoscales(cluster):
        return
    if options.get("version") != "v2":
        what = f"is {shown(options.get('version'))}: only for v2 KubeRay replaces a pod whose Ray has ended"
        yield Problem("autoscalerOptions.version", what, "say v2")
    yield from unrestricted("autoscalerOptions", pod, section(options, "securityContext"))
    account = text(pod, "serviceAccountName")
    if len(account) > 50 or account[:1].isdigit():
        what = f"is {shown(account)}: beside the autoscaler KubeRay takes 50 letters of it, the first no digit"
        yield Problem("headGroupSpec.template.spec.serviceAccountName", what, "take an account with another name")


def _second_version(cluster: Manifest) -> Iterator[Problem]:
    """What only autoscaler v2 knows, and what it does not bear."""
    v2 = section(cluster, "autoscalerOptions").get("version") == "v2"
    variables = head(cluster).variables
    if V2 in variables and (autoscales(cluster) or variables[V2] in ("1", "true")):
        what = f"has {V2}: KubeRay refuses it where autoscalerOptions.version is said, or nothing is autoscaled"
        yield Problem("headGroupSpec.template.spec.containers[0].env", what, "leave it out")
    for group in groups(cluster):
        policy = group.pod.get("restartPolicy")
        if v2 and autoscales(cluster) and policy not in (None, "", "Never"):
            what = f"is {shown(policy)}: KubeRay refuses all but Never beside autoscaler v2"
            yield Problem(f"{group.path}.template.spec.restartPolicy", what, "say Never")
    for group in workers(cluster):
        if (idle := number(group.spec, "idleTimeoutSeconds", 0)) < 0:
            yield Problem(f"{group.path}.idleTimeoutSeconds", f"is {idle}: KubeRay refuses it", "say 0 or more")
        said = [key for key in ("idleTimeoutSeconds", "priority") if group.spec.get(key) not in ONLY_V2[key]]
        for key in said if not (v2 and autoscales(cluster)) else ():
            what = f"is {shown(group.spec[key])}: without autoscaler v2 KubeRay refuses it, or nobody reads it"
            yield Problem(f"{group.path}.{key}", what, "leave it out")


def _dashboard(cluster: Manifest) -> Iterator[Problem]:
    """The submitter and KubeRay look for the head's dashboard, and would look for ever."""
    where, params = "headGroupSpec.rayStartParams", section(head(cluster).spec, "rayStartParams")
    if text(params, "include-dashboard").lower() == "false":
        what = "is false: the study is submitted to the dashboard, and the submitter would wait for it for ever"
        yield Problem(f"{where}.include-dashboard", what, "leave it out")
    if text(params, "dashboard-host") in ("localhost", "127.0.0.1", "::1"):
        what = f"is {shown(params['dashboard-host'])}: the submitter is in another pod, and would wait for ever"
        yield Problem(f"{where}.dashboard-host", what, "leave it out")
    ports = {text(port, "name"): port.get("containerPort") for port in entries(head(cluster).container, "ports")}
    port = ports.get("dashboard") if ports else DASHBOARD
    if port is None:
        what = f"has only {', '.join(map(shown, ports))}: KubeRay would look for the dashboard's for ever"
        fix = f"add a port {DASHBOARD} with the name dashboard, or leave all ports out"
        yield Problem("headGroupSpec.template.spec.containers[0].ports", what, fix)
    elif text(params, "dashboard-port") not in ("", str(port)):
        what = f"is {shown(params['dashboard-port'])}: the head's service leads to {port}"
        yield Problem(f"{where}.dashboard-port", what, "leave it out")


RULES: tuple[Rule, ...] = (
    _never,
    _authentication,
    _version,
    _autoscaler,
    _second_version,
    _dashboard,
    *group_rules.RULES,
)
