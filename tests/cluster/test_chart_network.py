"""The chart's network policies with those of two studies: exactly the flows that are listed here, and no other."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from cluster import network
from cluster.manifest import ERRAND, RUN, labels
from tests.cluster.charting import rendering_helm
from tests.unit.chart.network_rules import End, Rules
from tests.unit.chart.wrong_values import Values

pytestmark = pytest.mark.cluster

HERE = "research"
NAMESPACES = {
    name: {"kubernetes.io/metadata.name": name}
    for name in (HERE, "elsewhere", "kuberay-system", "kube-system", "monitoring")
}
COMPONENT = {"app.kubernetes.io/component": "kuberay-operator"}
OPERATOR = {"app.kubernetes.io/name": "kuberay-operator", "app.kubernetes.io/instance": "kuberay-operator", **COMPONENT}
"""As KubeRay's chart labels it; its kustomization has another name."""


def study_pod(study: str, role: str, address: str, namespace: str = HERE) -> End:
    """A pod as KubeRay labels it: the study's labels, and its own."""
    own = {"ray.io/originated-from-cr-name": study}
    if role != "submitter":
        own |= {"ray.io/node-type": role, "ray.io/cluster": f"{study}-x7k2p"}
    return End(f"{study}-{role}", address, namespace, {**labels(RUN, study), **own}, {"metrics": 8080})


A = [study_pod("a", role, f"10.244.0.{number}") for number, role in enumerate(("head", "worker", "submitter"), 10)]
B = [study_pod("b", role, f"10.244.0.{number}") for number, role in enumerate(("head", "worker", "submitter"), 20)]
JOB = [End(f"c-{index}", f"10.244.0.{30 + index}", HERE, labels(RUN, "c")) for index in (0, 1)]
ERRANDS = [End("a-errand", "10.244.0.40", HERE, labels(ERRAND, "a"))]
STUDIES = [*A, *B, *JOB]
OURS = [*STUDIES, *ERRANDS]

OTHERS = [
    End("operator", "10.244.1.1", "kuberay-system", OPERATOR),
    End("operator by kustomize", "10.244.1.3", "kuberay-system", {"app.kubernetes.io/name": "kuberay", **COMPONENT}),
    End("impostor beside it", "10.244.1.2", "kuberay-system", {"app.kubernetes.io/name": "curl"}),
    End("operator elsewhere", "10.244.2.1", "elsewhere", OPERATOR),
    study_pod("a", "head", "10.244.2.2", "elsewhere"),
    End("bystander", "10.244.0.50", HERE, {"app.kubernetes.io/name": "notebook"}),
    End("prometheus", "10.244.3.1", "monitoring", {"app.kubernetes.io/name": "prometheus"}),
    End("dns", "10.244.4.1", "kube-system", {"k8s-app": "kube-dns"}),
    End("api server", "10.0.0.5"),
    End("storage", "203.0.113.7"),
    End("foreign", "198.51.100.9"),
    End("foreign, IPv6", "2001:db8::9"),
    End("database", "10.200.0.5"),
    End("metadata of the cloud", "169.254.169.254"),
    End("private, IPv6", "fd00::5"),
]
TCP = (22, 53, 80, 443, 5432, 6379, 6443, 8080, 8265, 9000, 10001, 10002, 12345, 19999)
PORTS = [*((port, "TCP") for port in TCP), (53, "UDP"), (443, "UDP"), (6379, "UDP")]

Flow = tuple[str, str, str, int, str]
"""Namespace and name of the source, both of the target, port, protocol."""


def flows(sources: Iterable[End], targets: Iterable[End], *ports: tuple[int, str]) -> set[Flow]:
    return {
        (source.namespace, source.name, f"{target.namespace}/{target.name}", port, protocol)
        for source, target, (port, protocol) in itertools.product(sources, targets, ports)
        if source != target
    }


def other(*names: str) -> list[End]:
    found = [end for end in OTHERS if end.name in names]
    assert len(found) == len(names)
    return found


WITHIN = flows(A, A, *PORTS) | flows(B, B, *PORTS) | flows(JOB, JOB, *PORTS)
OUTWARD = flows(OURS, other("dns"), (53, "TCP"), (53, "UDP")) | flows(OURS, other("api server"), (6443, "TCP"))
STANDING = OUTWARD | flows(other("operator", "operator by kustomize"), [A[0], B[0]], (8265, "TCP"))
SCRAPING = flows(other("prometheus"), STUDIES, (8080, "TCP"))
PUBLIC = flows(OURS, other("storage", "foreign", "foreign, IPv6"), (443, "TCP"))
STORAGE = flows(OURS, other("storage"), (443, "TCP"), (9000, "TCP"))

API_SERVER: Values = {"create": True, "apiServer": {"cidrs": ["10.0.0.5/32"], "port": 6443}}
TIGHT: Values = {"egress": [{"cidr": "203.0.113.7/32", "ports": [443, 9000]}], "monitoringNamespace": "monitoring"}

VARIANTS: dict[str, tuple[Values, set[Flow]]] = {
    "by default": (API_SERVER, WITHIN | STANDING | PUBLIC),
    "one storage, and metrics": ({**API_SERVER, **TIGHT}, WITHIN | STANDING | STORAGE | SCRAPING),
    "an operator elsewhere": (
        {**API_SERVER, "operatorNamespace": "elsewhere"},
        WITHIN | OUTWARD | PUBLIC | flows(other("operator elsewhere"), [A[0], B[0]], (8265, "TCP")),
    ),
}


def policies(folder: Path, values: Values) -> list[dict[str, Any]]:
    """What stands in the namespace while three studies run."""
    standing = rendering_helm(folder).objects({"networkPolicy": values})
    return [
        *(item for item in standing if item["kind"] == "NetworkPolicy"),
        *(network.policy(study) for study in ("a", "b", "c")),
    ]


def admitted(found: list[dict[str, Any]]) -> set[Flow]:
    """Every flow that gets through, from and to pods of ours."""
    rules = Rules(HERE, found, NAMESPACES)
    pairs = [*itertools.product(OURS, [*OURS, *OTHERS]), *itertools.product(OTHERS, OURS)]
    return {
        flow
        for source, target in pairs
        if source != target
        for port in PORTS
        for flow in flows([source], [target], port)
        if rules.admits(source, target, *port)
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_exactly_the_listed_flows_get_through(tmp_path: Path, variant: str) -> None:
    values, listed = VARIANTS[variant]
    found = admitted(policies(tmp_path, values))
    assert found - listed == set(), "more than is listed"
    assert listed - found == set(), "less than is listed"


def test_no_rule_is_there_for_nothing(tmp_path: Path) -> None:
    """Without any one of them a listed flow fails: so the ends and ports above are enough to see every rule."""
    values, listed = VARIANTS["one storage, and metrics"]
    found = policies(tmp_path, values)
    for i, policy in enumerate(found):
        for direction in ("ingress", "egress"):
            for j in range(len(policy["spec"].get(direction, []))):
                fewer = copy.deepcopy(found)
                del fewer[i]["spec"][direction][j]
                assert admitted(fewer) < listed, f"{policy['metadata']['name']} {direction} {j}"


def test_pods_of_ours_are_isolated_and_others_are_left_alone(tmp_path: Path) -> None:
    rules = Rules(HERE, policies(tmp_path, API_SERVER), NAMESPACES)
    assert [end for end in [*OURS, *OTHERS] if rules.isolates(end)] == OURS
    bystander, dns = other("bystander", "dns")
    assert rules.admits(bystander, dns, 5432) and rules.admits(dns, bystander, 5432)


def test_a_study_is_shut_even_before_it_has_a_policy_of_its_own(tmp_path: Path) -> None:
    standing = [policy for policy in policies(tmp_path, API_SERVER) if policy["metadata"]["name"].startswith("xfer-")]
    assert admitted(standing) == (STANDING | PUBLIC)
