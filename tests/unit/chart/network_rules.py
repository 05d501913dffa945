"""What NetworkPolicies admit: https://kubernetes.io/docs/concepts/services-networking/network-policies.

Strictly: what is in none of the API's fields is refused, so that a misspelt rule does not count as an empty one. An
``ipBlock`` holds for pods' addresses, too: some networks take it so, and it is the wider reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Labels = Mapping[str, str]
Manifest = Mapping[str, Any]

PEERS = {"Ingress": "from", "Egress": "to"}


@dataclass(frozen=True)
class End:
    """A pod, or, without a namespace, an address outside of the cluster."""

    name: str
    address: str
    namespace: str = ""
    labels: Labels = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports that have names."""


class Rules:
    """The policies of one namespace, in a cluster of these namespaces with their labels."""

    def __init__(self, namespace: str, policies: Iterable[Manifest], namespaces: Mapping[str, Labels]) -> None:
        self._namespace, self._policies, self._namespaces = namespace, list(policies), namespaces

    def isolates(self, pod: End) -> bool:
        """Whether any policy selects this pod."""
        return pod.namespace == self._namespace and any(
            _matches(policy["spec"]["podSelector"], pod.labels) for policy in self._policies
        )

    def admits(self, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
        """Whether a connection gets out of its source and into its target."""
        return self._lets("Egress", source, target, target, port, protocol) and self._lets(
            "Ingress", target, source, target, port, protocol
        )

    def _lets(self, direction: str, pod: End, peer: End, target: End, port: int, protocol: str) -> bool:
        specs = [
            policy["spec"]
            for policy in self._policies
            if pod.namespace == self._namespace
            and _matches(policy["spec"]["podSelector"], pod.labels)
            and direction in _directions(policy["spec"])
        ]
        if not specs:
            return True  # a pod that no policy of this direction selects
        return any(
            self._is_peer(rule.get(PEERS[direction]), peer) and _is_port(rule.get("ports"), target, port, protocol)
            for spec in specs
            for rule in spec.get(direction.lower()) or []
            if _only(rule, PEERS[direction], "ports")
        )

    def _is_peer(self, peers: list[Manifest] | None, end: End) -> bool:
        return not peers or any(self._is_this(peer, end) for peer in peers)

    def _is_this(self, peer: Manifest, end: End) -> bool:
        _only(peer, "ipBlock", "podSelector", "namespaceSelector")
        assert peer, "a peer that says nothing is refused by the API server"
        if "ipBlock" in peer:
            assert len(peer) == 1, f"an ipBlock stands alone: {peer}"
            return _in_block(peer["ipBlock"], end.address)
        if not end.namespace:
            return False
        if "namespaceSelector" in peer:
            there = _matches(peer["namespaceSelector"], self._namespaces[end.namespace])
        else:
            there = end.namespace == self._namespace
        return there and _matches(peer.get("podSelector", {}), end.labels)


def _directions(spec: Manifest) -> list[str]:
    _only(spec, "podSelector", "policyTypes", "ingress", "egress")
    given: list[str] = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    assert set(given) <= set(PEERS), given
    return given


def _matches(selector: Manifest, labels: Labels) -> bool:
    _only(selector, "matchLabels", "matchExpressions")
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _holds(expression: Manifest, labels: Labels) -> bool:
    _only(expression, "key", "operator", "values")
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise AssertionError(f"no such operator: {expression}")


def _in_block(block: Manifest, address: str) -> bool:
    _only(block, "cidr", "except")
    whole, holes = ip_network(block["cidr"]), [ip_network(hole) for hole in block.get("except", [])]
    assert all(hole.version == whole.version and hole.subnet_of(whole) for hole in holes), block  # type: ignore[arg-type]
    return ip_address(address) in whole and not any(ip_address(address) in hole for hole in holes)


def _is_port(ports: list[Manifest] | None, target: End, port: int, protocol: str) -> bool:
    return not ports or any(_is_in(entry, target, port, protocol) for entry in ports)


def _is_in(entry: Manifest, target: End, port: int, protocol: str) -> bool:
    _only(entry, "protocol", "port", "endPort")
    if entry.get("protocol", "TCP") != protocol:
        return False
    first = entry.get("port")
    if first is None:
        return True
    if isinstance(first, str):
        return target.ports.get(first) == port
    return bool(first <= port <= entry.get("endPort", first))


def _only(said: Manifest, *known: str) -> bool:
    assert set(said) <= set(known), f"not in the API: {set(said) - set(known)} in {dict(said)}"
    return True
