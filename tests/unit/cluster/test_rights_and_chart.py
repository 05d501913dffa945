"""The chart gives people exactly the rights that the verbs need."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from cluster.rights import POLICIES, QUEUES, RAYJOBS, RIGHTS

ROLE = Path(__file__).parents[3] / "helm" / "xfer" / "templates" / "user-access.yaml"


def test_the_charts_role_is_what_the_verbs_need() -> None:
    rules = ROLE.read_text(encoding="utf-8").partition("rules:\n")[2].partition("{{-")[0]
    given = {
        (group, resource): tuple(rule["verbs"])
        for rule in YAML(typ="safe", pure=True).load(rules)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert given == RIGHTS | RAYJOBS | QUEUES | POLICIES
