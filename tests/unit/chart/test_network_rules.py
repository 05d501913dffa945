"""The evaluator of NetworkPolicies, by the rules of their documentation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chart.network_rules import End, Rules

NAMESPACES = {"here": {"team": "nlp"}, "there": {"team": "web"}}
SERVER = End("server", "10.1.0.1", "here", {"app": "server"}, {"web": 8080})
CLIENT = End("client", "10.1.0.2", "here", {"app": "client", "tier": "1"})
STRANGER = End("stranger", "10.2.0.1", "there", {"app": "client"})
OUTSIDE = End("outside", "198.51.100.9")
OTHER_FAMILY = End("other family", "2001:db8::9")
ENDS = (CLIENT, STRANGER, OUTSIDE, OTHER_FAMILY)

APP_CLIENT: dict[str, Any] = {"matchLabels": {"app": "client"}}


def rules(*specs: dict[str, Any]) -> Rules:
    return Rules(
        "here", [{"spec": {"podSelector": {"matchLabels": {"app": "server"}}, **spec}} for spec in specs], NAMESPACES
    )


@pytest.mark.parametrize(("peers", "admitted"), [
    (None, {"client", "stranger", "outside", "other family"}),
    ([], {"client", "stranger", "outside", "other family"}),
    ([{"podSelector": {}}], {"client"}),
    ([{"podSelector": APP_CLIENT}], {"client"}),
    ([{"podSelector": {"matchLabels": {"app": "client", "tier": "2"}}}], set()),
    ([{"namespaceSelector": {}}], {"client", "stranger"}),
    ([{"namespaceSelector": {"matchLabels": {"team": "web"}}}], {"stranger"}),
    ([{"namespaceSelector": {"matchLabels": {"team": "web"}}, "podSelector": APP_CLIENT}], {"stranger"}),
    ([{"namespaceSelector": {"matchLabels": {"team": "web"}}}, {"podSelector": APP_CLIENT}], {"client", "stranger"}),
    ([{"namespaceSelector": {"matchLabels": {"team": "web"}}, "podSelector": {"matchLabels": {"app": "x"}}}], set()),
    ([{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.1.0.0/16"]}}], {"stranger", "outside"}),
    ([{"ipBlock": {"cidr": "::/0"}}], {"other family"}),
    ([{"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["client"]}]}}], {"client"}),
    ([{"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["client"]}]}}], set()),
    ([{"podSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}}], {"client"}),
    ([{"podSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}], set()),
])  # fmt: skip
def test_a_peer_is_who_every_selector_of_one_entry_means(peers: Any, admitted: set[str]) -> None:
    found = rules({"ingress": [{} if peers is None else {"from": peers}]})
    assert {end.name for end in ENDS if found.admits(end, SERVER, 8080)} == admitted


@pytest.mark.parametrize(("ports", "admitted"), [
    (None, {(22, "TCP"), (53, "UDP"), (8080, "TCP"), (8081, "TCP")}),
    ([{"port": 8080}], {(8080, "TCP")}),
    ([{"port": "web"}], {(8080, "TCP")}),
    ([{"port": "metrics"}], set()),
    ([{"port": 8000, "endPort": 8080, "protocol": "TCP"}], {(8080, "TCP")}),
    ([{"protocol": "UDP"}], {(53, "UDP")}),
    ([{"port": 53}], set()),
    ([{"port": 53, "protocol": "UDP"}, {"port": 22}], {(53, "UDP"), (22, "TCP")}),
])  # fmt: skip
def test_a_port_is_a_number_a_name_or_a_range_of_one_protocol(ports: Any, admitted: set[tuple[int, str]]) -> None:
    found = rules({"ingress": [{} if ports is None else {"ports": ports}]})
    tried = [(22, "TCP"), (53, "UDP"), (8080, "TCP"), (8081, "TCP")]
    assert {one for one in tried if found.admits(CLIENT, SERVER, *one)} == admitted


def test_who_is_not_selected_is_free_and_policies_add_up() -> None:
    shut = {"policyTypes": ["Ingress", "Egress"]}
    assert rules().admits(CLIENT, SERVER, 1)
    assert rules(shut).admits(STRANGER, CLIENT, 1)
    assert not rules(shut).admits(CLIENT, SERVER, 1)
    assert not rules(shut).admits(SERVER, CLIENT, 1)
    assert rules(shut, {"ingress": [{"from": [{"podSelector": {}}]}]}).admits(CLIENT, SERVER, 1)
    assert not rules(shut, {"ingress": [{"from": [{"podSelector": {}}]}]}).admits(SERVER, CLIENT, 1)
    assert (rules(shut).isolates(SERVER), rules(shut).isolates(CLIENT)) == (True, False)


def test_a_flow_has_to_get_out_and_in() -> None:
    client = {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"]}
    assert rules({"ingress": [{}]}).admits(CLIENT, SERVER, 1)
    assert not rules({"ingress": [{}]}, client).admits(CLIENT, SERVER, 1)
    assert rules({"ingress": [{}]}, client).admits(SERVER, CLIENT, 1)


def test_directions_that_are_not_named_follow_from_the_rules() -> None:
    assert rules({"ingress": []}).admits(SERVER, CLIENT, 1)
    assert not rules({"ingress": []}).admits(CLIENT, SERVER, 1)
    onward = {"egress": [{"to": [{"podSelector": APP_CLIENT}]}]}
    assert rules(onward).admits(SERVER, CLIENT, 1)
    assert not rules(onward).admits(SERVER, OUTSIDE, 1)
    assert not rules(onward).admits(CLIENT, SERVER, 1)  # the direction that is always meant


def test_a_rule_that_the_api_does_not_know_is_an_error() -> None:
    with pytest.raises(AssertionError, match="not in the API"):
        rules({"ingress": [{"form": []}]}).admits(CLIENT, SERVER, 1)
