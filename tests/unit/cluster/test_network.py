"""A study's own policy: its pods reach each other, and nobody else does."""

from __future__ import annotations

import itertools

from cluster.manifest import ERRAND, RUN, labels
from cluster.network import policy
from tests.unit.chart.network_rules import End, Rules

NAMESPACES: dict[str, dict[str, str]] = {"research": {}, "elsewhere": {}}
HEAD = End("head", "10.244.0.2", "research", {**labels(RUN, "a"), "ray.io/node-type": "head"})
WORKER = End("worker", "10.244.0.3", "research", {**labels(RUN, "a"), "ray.io/node-type": "worker"})
OTHERS = (
    End("another study", "10.244.0.4", "research", labels(RUN, "b")),
    End("an errand of this one", "10.244.0.5", "research", labels(ERRAND, "a")),
    End("its double elsewhere", "10.244.0.6", "elsewhere", HEAD.labels),
    End("the world", "198.51.100.1"),
)
PORTS = (22, 6379, 8265, 15000, 65535)


def test_the_pods_of_a_study_reach_each_other_and_no_one_else() -> None:
    rules = Rules("research", [policy("a")], NAMESPACES)
    for (source, target), port, protocol in itertools.product(((HEAD, WORKER), (WORKER, HEAD)), PORTS, ("TCP", "UDP")):
        assert rules.admits(source, target, port, protocol)
    for own, other, port in itertools.product((HEAD, WORKER), OTHERS, PORTS):
        assert not rules.admits(own, other, port)
        assert not rules.admits(other, own, port)


def test_a_policy_has_the_name_and_the_labels_of_its_study() -> None:
    found = policy("a")
    assert (found["apiVersion"], found["kind"]) == ("networking.k8s.io/v1", "NetworkPolicy")
    assert found["metadata"] == {"name": "a", "labels": labels(RUN, "a")}
