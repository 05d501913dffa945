"""The chart on a real API server: helm's own verbs, every object that it makes, and what its roles allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, utils
from ruamel.yaml import YAML

from cluster.rights import POLICIES, QUEUES, RAYJOBS, RIGHTS
from tests.cluster.bed import volumes
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.charting import CHART, EVERYTHING, Helm, helm_program, here
from tests.unit.chart.wrong_values import Values

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

NAMESPACED = {
    "ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "Pod", "ResourceQuota", "Role", "RoleBinding",
    "ServiceAccount",
}  # fmt: skip
FOREIGN = {"LocalQueue", "PodMonitor"}
"""Not every cluster has these; there nobody can try them."""

VARIANTS: dict[str, Values] = {
    "defaults": {},
    "claim that is there": {"storage": {"claim": {"create": False, "existing": "scratch", "path": "/mnt/scratch"}}},
    "everything": EVERYTHING,
}


@pytest.fixture
def helm(bed: Cluster, tmp_path: Path, namespace: str) -> Helm:
    return Helm(helm_program(), bed.kubeconfig, tmp_path, namespace)


@pytest.fixture
def volume(bed: Cluster, kube: client.ApiClient, namespace: str) -> None:
    """A volume for the chart's claim; other clusters have a class that makes one."""
    if bed.bed is not None:
        volumes.offer_storage(bed.bed, kube, namespace, "xfer")


def present(kube: client.ApiClient, namespace: str) -> set[str]:
    """Every object of a kind that the chart, helm or a study makes."""
    core, access = client.CoreV1Api(kube), client.RbacAuthorizationV1Api(kube)
    lists: dict[str, Callable[[str], Any]] = {
        "configmap": core.list_namespaced_config_map,
        "secret": core.list_namespaced_secret,
        "account": core.list_namespaced_service_account,
        "claim": core.list_namespaced_persistent_volume_claim,
        "quota": core.list_namespaced_resource_quota,
        "pod": core.list_namespaced_pod,
        "role": access.list_namespaced_role,
        "binding": access.list_namespaced_role_binding,
        "job": client.BatchV1Api(kube).list_namespaced_job,
        "policy": client.NetworkingV1Api(kube).list_namespaced_network_policy,
    }
    found = {f"{kind} {item.metadata.name}" for kind, listed in lists.items() for item in listed(namespace).items}
    return found - {"configmap kube-root-ca.crt"}  # the cluster's own, made a moment after the namespace


def profile_of(kube: client.ApiClient, namespace: str, name: str = "xfer") -> Any:
    found = client.CoreV1Api(kube).read_namespaced_config_map(name, namespace)
    assert found.data is not None
    return YAML(typ="safe").load(found.data["profile.yaml"])


@pytest.mark.usefixtures("volume")
def test_lint_install_test_upgrade_and_uninstall_leave_nothing(
    helm: Helm, bed: Cluster, kube: client.ApiClient, namespace: str
) -> None:
    values = here(bed)
    before = present(kube, namespace)
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART))
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), values=values)

    notes = helm("install", "xfer", str(CHART), values=values)
    assert f"{namespace}:\n  kubernetes: {{context: CONTEXT, namespace: {namespace}, profile: xfer}}\n" in notes
    assert f"xfer doctor --on {namespace}\n" in notes
    assert profile_of(kube, namespace)["pod"] == {"cpu": 1, "cpuRequest": None, "memory": "1Gi", "gpu": 0}

    installed = present(kube, namespace)
    assert "Succeeded" in helm("test", "xfer")
    wait_for("end of the test's pod", lambda: present(kube, namespace) == installed, 30)
    if bed.bed is not None:
        assert list((bed.bed.storage / namespace / "xfer" / "store").iterdir()) == []

    values["profiles"]["default"]["pod"]["cpu"] = 2
    helm("upgrade", "xfer", str(CHART), values=values)
    assert profile_of(kube, namespace)["pod"]["cpu"] == 2
    helm("uninstall", "xfer")
    wait_for("end of the claim", lambda: present(kube, namespace) == before, 60)


@pytest.mark.usefixtures("volume")
def test_a_test_that_fails_says_so_and_leaves_a_pod_only_when_asked_to(
    helm: Helm, bed: Cluster, kube: client.ApiClient, namespace: str
) -> None:
    values = here(bed, PYTHONHOME="/nowhere")
    helm("install", "xfer", str(CHART), values=values)
    done = helm.attempt("test", "xfer")
    assert done.returncode != 0
    assert "xfer-test" in done.stdout + done.stderr
    wait_for("end of the test's pod", lambda: "pod xfer-test" not in present(kube, namespace), 30)

    helm("upgrade", "xfer", str(CHART), values=values | {"test": {"keepFailed": True}})
    assert helm.attempt("test", "xfer").returncode != 0
    assert "/nowhere" in client.CoreV1Api(kube).read_namespaced_pod_log("xfer-test", namespace)


@pytest.mark.usefixtures("volume")
def test_a_claim_that_is_kept_is_taken_back(helm: Helm, bed: Cluster, kube: client.ApiClient, namespace: str) -> None:
    before = present(kube, namespace)
    assert "kubectl delete pvc xfer" in helm("install", "xfer", str(CHART), values=here(bed, keep=True))
    helm("uninstall", "xfer")
    assert present(kube, namespace) - before == {"claim xfer"}
    helm("install", "xfer", str(CHART), values=here(bed))
    helm("uninstall", "xfer")
    wait_for("end of the claim", lambda: present(kube, namespace) == before, 60)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_object_passes_the_strict_dry_run_of_a_restricted_namespace(
    helm: Helm, kube: client.ApiClient, namespace: str, variant: str
) -> None:
    found = [item for item in helm.objects(VARIANTS[variant]) if item["kind"] not in FOREIGN]
    assert {item["kind"] for item in found} <= NAMESPACED
    accounts = [item for item in found if item["kind"] == "ServiceAccount"]
    for item in accounts:  # for real: a pod is refused where its account is not there
        utils.create_from_dict(kube, item, namespace=namespace, field_validation="Strict")
    for item in found:
        if item not in accounts:
            utils.create_from_dict(kube, item, namespace=namespace, dry_run="All", field_validation="Strict")


def test_the_api_server_would_have_refused_what_is_not_restricted(
    helm: Helm, kube: client.ApiClient, namespace: str
) -> None:
    """That the dry run above can fail at all."""
    found = {item["kind"]: item for item in helm.objects({})}
    utils.create_from_dict(kube, found["ServiceAccount"], namespace=namespace)
    pod = found["Pod"]
    del pod["spec"]["containers"][0]["securityContext"]["capabilities"]
    with pytest.raises(utils.FailToCreateError, match="violates PodSecurity"):
        utils.create_from_dict(kube, pod, namespace=namespace, dry_run="All")


def test_accounts_may_what_they_need_and_no_more(helm: Helm, bed: Cluster, namespace: str, tmp_path: Path) -> None:
    helm("install", "xfer", str(CHART), values={"access": {"serviceAccount": {"create": True}}})

    def allowed(account: str) -> set[str]:
        with bed.client(bed.service_account(account, namespace, tmp_path / account)) as kube:
            spec = client.V1SelfSubjectRulesReviewSpec(namespace=namespace)
            review = client.V1SelfSubjectRulesReview(spec=spec)
            answer = client.AuthorizationV1Api(kube).create_self_subject_rules_review(review)
        assert answer.status is not None
        return {
            f"{group}/{resource} {verb}"
            for rule in answer.status.resource_rules
            for group in rule.api_groups or []
            for resource in rule.resources or []
            for verb in rule.verbs
        }

    anyone = allowed("default")
    theirs = {"batch/jobs get", "batch/jobs patch", "ray.io/rayjobs get", "ray.io/rayjobs patch"}
    assert allowed("xfer-study") - anyone == theirs
    every = RIGHTS | RAYJOBS | QUEUES | POLICIES
    assert allowed("xfer-user") - anyone == {
        f"{group}/{resource} {verb}" for (group, resource), verbs in every.items() for verb in verbs
    }
