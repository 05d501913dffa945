"""What a user does wrong, or a cluster lacks: one message with what to do, from a real API server, and nothing left."""

from __future__ import annotations

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

PROFILES: dict[str, dict[str, Any]] = {
    "large": {"pod": {"gpu": 64}},
    "nowhere": {"image": "localhost/nowhere:1"},
    "unbound": {"claims": [{"claim": "nobody", "path": "/nobody", "readOnly": False}]},
    "greedy": {"pod": {"memory": "500Gi"}},
}
TROUBLES = {
    "large": ("finds no node", "nvidia.com/gpu"),
    "nowhere": ("the image cannot be pulled", "localhost/nowhere:1"),
    "unbound": ("finds no node", 'persistentvolumeclaim "nobody" not found'),
    "greedy": ("no pod can be made", "exceeded quota"),
}


@pytest.fixture
def installed(bed: Cluster, kube: client.ApiClient, namespace: str, tmp_path: Path) -> Site:
    values = here(bed)
    values["quota"] = {"requests.memory": "100Gi"}
    values["profiles"] |= PROFILES
    return sites.install(bed, kube, namespace, tmp_path, values)


def refused(site: Site, *words: str) -> str:
    """What one command says that is refused."""
    done = site.xfer(*words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("xfer: ")
    return done.stderr


def test_each_trouble_of_pods_is_in_the_status(installed: Site) -> None:
    study = str(installed.study())
    for profile, words in TROUBLES.items():
        sites.places(
            installed.folder, installed.namespace, installed.folder / "user.kubeconfig", profile=f"xfer-{profile}"
        )
        submitted = installed.xfer("run", study, "--on", "bed", "--detach")  # in place of the one that was stopped
        assert submitted.returncode == 0, submitted.stderr

        def told(words: tuple[str, ...] = words) -> bool:
            said = installed.xfer("status", "nano", "--on", "bed").stdout
            return all(word in said for word in words)

        wait_for(f"status of {profile}", told, 90)
        assert installed.xfer("stop", "nano", "--on", "bed").returncode == 0


def test_what_is_not_there_is_told(installed: Site) -> None:
    study = str(installed.study())
    assert "there is no run 'nano'" in refused(installed, "status", "nano", "--on", "bed")
    assert "there is no place 'bad'" in refused(installed, "run", study, "--on", "bad")
    user = installed.folder / "user.kubeconfig"
    sites.places(installed.folder, installed.namespace, user, profile="xfer-none")
    assert "there is no profile 'xfer-none'" in refused(installed, "run", study, "--on", "bed")
    sites.places(installed.folder, installed.namespace, user, context="elsewhere")
    assert "elsewhere" in refused(installed, "status", "--on", "bed")


def test_a_dry_run_prints_what_the_cluster_would_take_and_makes_nothing(installed: Site) -> None:
    done = installed.xfer("run", str(installed.study()), "--on", "bed", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("kind:")] == [
        "kind: Job", "kind: ConfigMap", "kind: Secret", "kind: Service",
    ]  # fmt: skip
    assert "made when submitted" in done.stdout
    assert installed.xfer("status", "--on", "bed").stdout.count("nano") == 0


def test_a_token_that_is_refused_and_a_cluster_that_does_not_answer(bed: Cluster, installed: Site) -> None:
    folder, namespace = installed.folder, installed.namespace
    sites.places(folder, namespace, bed.user("expired", folder / "expired.kubeconfig"))
    assert "does not accept your token" in refused(installed, "status", "--on", "bed")
    dead = (folder / "user.kubeconfig").read_text()
    (folder / "dead.kubeconfig").write_text(dead.replace("10.96.0.1", "127.0.0.1").replace(":443", ":9"))
    sites.places(folder, namespace, folder / "dead.kubeconfig")
    assert "no cluster answers" in refused(installed, "status", "--on", "bed")


VERBS = {
    ("batch", "jobs", "list"): ("status",),
    ("batch", "jobs", "get"): ("status", "nano"),
    ("", "configmaps", "get"): ("run", "STUDY", "--detach"),
    ("batch", "jobs", "create"): ("run", "STUDY", "--detach"),
    ("", "configmaps", "patch"): ("run", "STUDY", "--detach"),
    ("", "secrets", "create"): ("run", "STUDY", "--detach"),
    ("", "services", "patch"): ("run", "STUDY", "--detach"),
    ("batch", "jobs", "patch"): ("run", "STUDY", "--detach"),
    ("", "pods", "create"): ("fetch", "STUDY"),
}
"""A rule, and a command that needs it."""


def test_without_a_right_the_rule_that_is_missing_is_named_and_nothing_is_left(bed: Cluster, installed: Site) -> None:
    study = str(installed.study())
    api, folder, namespace = installed.kube, installed.folder, installed.namespace
    create(api, manifest("ServiceAccount", "poor"), namespace)
    access = client.RbacAuthorizationV1Api(api)
    create(api, manifest("Role", "poor", rules=[]), namespace)
    subject = {"kind": "ServiceAccount", "name": "poor", "namespace": namespace}
    create(api, manifest("RoleBinding", "poor", roleRef=role_reference("Role", "poor"), subjects=[subject]), namespace)
    sites.places(folder, namespace, bed.service_account("poor", namespace, folder / "poor.kubeconfig"))
    for (group, resource, verb), words in VERBS.items():
        rules = [
            {"apiGroups": [g], "resources": [r], "verbs": [v for v in verbs if (g, r, v) != (group, resource, verb)]}
            for (g, r), verbs in RIGHTS.items()
        ]
        access.patch_namespaced_role("poor", namespace, {"rules": rules})

        def said(words: tuple[str, ...] = words) -> str:
            return refused(installed, *(study if word == "STUDY" else word for word in words), "--on", "bed")

        rule = f"apiGroups: ['{group}'], resources: [{resource}], verbs: [{verb}]"
        wait_for(f"refusal of {verb} {resource}", lambda rule=rule, said=said: rule in said(), 20)  # type: ignore[misc]
        jobs = client.BatchV1Api(api).list_namespaced_job(namespace).items
        assert jobs == [], f"left behind without {verb} {resource}"


def test_the_doctor_says_what_is_there_and_what_is_missing(bed: Cluster, installed: Site) -> None:
    done = installed.xfer("doctor", "--on", "bed")
    assert "ok\trights: all that the verbs need" in done.stdout
    assert "ok\tprofile: " in done.stdout
    user = installed.folder / "user.kubeconfig"
    sites.places(installed.folder, installed.namespace, user, profile="xfer-unbound")
    done = installed.xfer("doctor", "--on", "bed")
    assert done.returncode == 2
    assert "NO\tstorage: nobody is not there" in done.stdout
    sites.places(
        installed.folder, installed.namespace,
        bed.service_account("default", installed.namespace, installed.folder / "default.kubeconfig"),
    )  # fmt: skip
    done = installed.xfer("doctor", "--on", "bed")
    assert done.returncode == 2
    assert "NO\trights: " in done.stdout
