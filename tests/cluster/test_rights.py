"""Every rule of the chart's role is needed: without it a verb says which one is missing, and leaves nothing behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from cluster.rights import RIGHTS
from tests.cluster import sites
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.objects import create, manifest, role_reference
from tests.cluster.charting import here
from tests.cluster.sites import Site

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

Rule = tuple[str, str, str]
"""API group, resource, verb."""

RULES: list[Rule] = [(group, resource, verb) for (group, resource), verbs in RIGHTS.items() for verb in verbs]

RUN = ("run", "STUDY", "--detach")
FETCH = ("fetch", "STUDY")
DOCTOR = ("doctor",)
"""Says what is missing among what it has found."""

SUBMITTING: dict[Rule, tuple[str, ...]] = {
    ("", "configmaps", "get"): RUN,
    ("batch", "jobs", "create"): RUN,
    ("batch", "jobs", "patch"): RUN,
    ("", "configmaps", "create"): RUN,
    ("", "configmaps", "patch"): RUN,
    ("", "services", "create"): RUN,
    ("", "services", "patch"): RUN,
    ("", "secrets", "create"): RUN,
    ("", "secrets", "patch"): RUN,
}
"""A rule, and a command that needs it; here where there is no run."""

LOOKING: dict[Rule, tuple[str, ...]] = {
    ("batch", "jobs", "list"): ("status",),
    ("", "persistentvolumeclaims", "get"): DOCTOR,
    ("", "resourcequotas", "list"): DOCTOR,
}
FETCHING: dict[Rule, tuple[str, ...]] = {
    ("", "pods", "create"): FETCH,
    ("", "pods", "get"): FETCH,
}
EXECUTING: dict[Rule, tuple[str, ...]] = {
    ("", "pods/exec", "create"): FETCH,
    ("", "pods/exec", "get"): FETCH,
}
WAITING: dict[Rule, tuple[str, ...]] = {
    ("batch", "jobs", "get"): ("status", "nano"),
    ("", "pods", "list"): ("status", "nano"),
    ("", "events", "list"): ("status", "nano"),
    ("", "pods", "watch"): ("watch", "nano"),
    ("batch", "jobs", "patch"): ("stop", "nano"),
}
"""Of a run that waits for its pods."""

STOPPED: dict[Rule, tuple[str, ...]] = {("batch", "jobs", "delete"): RUN}
RUNNING: dict[Rule, tuple[str, ...]] = {("", "pods/log", "get"): ("logs", "nano")}
CLEANING: dict[Rule, tuple[str, ...]] = {("", "pods", "delete"): FETCH}
"""Without this one something is left, and named."""


@dataclass(frozen=True)
class Poor:
    """Somebody whose rights are given and taken one by one."""

    site: Site
    study: Path

    def may_all_but(self, *without: Rule) -> None:
        """Give every right but these; returns when the API server goes by it."""
        rules = [
            {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
            for group, resource, verb in RULES
            if (group, resource, verb) not in without
        ]
        access = client.RbacAuthorizationV1Api(self.site.kube)
        access.patch_namespaced_role("poor", self.site.namespace, {"rules": rules})
        for rule in RULES:
            wait_for(f"word of {rule}", lambda rule=rule: self._may(rule) != (rule in without), 20)  # type: ignore[misc]

    def _may(self, rule: Rule) -> bool:
        group, resource, verb = rule
        name, _, part = resource.partition("/")
        asked = client.V1ResourceAttributes(
            namespace=self.site.namespace, group=group, resource=name, subresource=part, verb=verb
        )
        spec = client.V1SubjectAccessReviewSpec(
            resource_attributes=asked, user=f"system:serviceaccount:{self.site.namespace}:poor"
        )
        review: Any = client.AuthorizationV1Api(self.site.kube).create_subject_access_review(
            client.V1SubjectAccessReview(spec=spec)
        )
        return bool(review.status.allowed)

    def said(self, words: tuple[str, ...]) -> tuple[int, str]:
        """Exit code and errors of a command; of one that tells none what it has found."""
        done = self.site.xfer(*(str(self.study) if word == "STUDY" else word for word in words), "--on", "bed")
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stderr or done.stdout

    def there(self) -> set[tuple[str, str]]:
        """Kind and name of all that is in the namespace and not on its way out."""
        core, batch = client.CoreV1Api(self.site.kube), client.BatchV1Api(self.site.kube)
        lists: dict[str, Any] = {
            "Job": batch.list_namespaced_job, "Pod": core.list_namespaced_pod,
            "ConfigMap": core.list_namespaced_config_map, "Secret": core.list_namespaced_secret,
            "Service": core.list_namespaced_service,
        }  # fmt: skip
        return {
            (kind, item.metadata.name)
            for kind, found in lists.items()
            for item in found(self.site.namespace).items
            if item.metadata.deletion_timestamp is None
        }


@pytest.fixture
def poor(bed: Cluster, kube: client.ApiClient, namespace: str, tmp_path: Path) -> Poor:
    values = here(bed)
    values["quota"] = {"requests.memory": "100Gi"}
    values["profiles"]["nowhere"] = {"image": "localhost/nowhere:1"}
    site = sites.install(bed, kube, namespace, tmp_path, values)
    create(kube, manifest("ServiceAccount", "poor"), namespace)
    create(kube, manifest("Role", "poor", rules=[]), namespace)
    subject = {"kind": "ServiceAccount", "name": "poor", "namespace": namespace}
    create(kube, manifest("RoleBinding", "poor", roleRef=role_reference("Role", "poor"), subjects=[subject]), namespace)
    bed.service_account("poor", namespace, tmp_path / "poor.kubeconfig")
    place(site, "xfer")
    return Poor(site, site.study())


def place(site: Site, profile: str) -> None:
    """Be poor, with this profile."""
    sites.places(site.folder, site.namespace, site.folder / "poor.kubeconfig", profile=profile)


def refused(poor: Poor, rule: Rule, words: tuple[str, ...]) -> str:
    """What a command says that is refused for want of one rule."""
    poor.may_all_but(rule)
    code, said = poor.said(words)
    assert code == 2, f"{' '.join(words)} without {rule}: {code} {said}"
    assert said.startswith("NO\t" if words == DOCTOR else "xfer: "), said
    assert rule in named(said), f"{' '.join(words)} does not name {rule}: {said}"
    return said


def named(said: str) -> set[Rule]:
    """The rules that a message says are missing, written as a role has them."""
    found = re.search(r"apiGroups: \['(.*)'\], resources: \[(.*)\], verbs: \[(.*)\]", said)
    return {(found[1], found[2], verb) for verb in found[3].split(", ")} if found else set()


def refused_in_vain(poor: Poor, table: dict[Rule, tuple[str, ...]]) -> None:
    """Every command of a table is refused without its rule, and what is there stays as it was."""
    before = poor.there()
    for rule, words in table.items():
        refused(poor, rule, words)
        wait_for(f"end of what {words} made without {rule}", lambda: poor.there() <= before, 20)
        assert poor.there() == before, f"gone after {words} without {rule}"


def test_every_rule_is_needed_by_a_verb_of_these_tables() -> None:
    assert {*SUBMITTING, *LOOKING, *FETCHING, *EXECUTING, *WAITING, *STOPPED, *RUNNING, *CLEANING} == set(RULES)


@pytest.mark.parametrize("table", [SUBMITTING, LOOKING, FETCHING, EXECUTING], ids=["run", "look", "fetch", "execute"])
def test_without_a_rule_it_is_named_and_nothing_is_left(poor: Poor, table: dict[Rule, tuple[str, ...]]) -> None:
    refused_in_vain(poor, table)


def test_a_pod_that_may_not_be_deleted_is_named(poor: Poor) -> None:
    before = poor.there()
    for rule, words in CLEANING.items():
        said = refused(poor, rule, words)
        left = poor.there() - before
        assert [kind for kind, _ in left] == ["Pod"]
        assert all(name in said for _, name in left)


def test_a_run_stays_as_it_is_for_who_lacks_a_rule(poor: Poor) -> None:
    place(poor.site, "xfer-nowhere")  # its pods do not begin, so nobody waits for their end
    poor.may_all_but()
    assert poor.said(RUN)[0] == 0
    wait_for("pods", lambda: [kind for kind, _ in poor.there()].count("Pod") == 2, 20)
    refused_in_vain(poor, WAITING)
    poor.may_all_but()
    assert poor.said(("stop", "nano"))[0] == 0
    wait_for("end of pods", lambda: "Pod" not in {kind for kind, _ in poor.there()}, 20)
    refused_in_vain(poor, STOPPED)
    place(poor.site, "xfer")
    poor.may_all_but()
    assert poor.said(RUN)[0] == 0
    wait_for("a driver", lambda: poor.site.pod("nano", 0), 60)
    refused_in_vain(poor, RUNNING)
