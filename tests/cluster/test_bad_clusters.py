"""What a user does wrong, or a cluster lacks: one message with what to do, from a real API server, and nothing left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from cluster.bundle import LIMIT, files_of
from tests.cluster import sites
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.objects import create, manifest
from tests.cluster.charting import here
from tests.cluster.sites import Site
from tests.integration import studies

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

PROFILES: dict[str, dict[str, Any]] = {
    "large": {"pod": {"gpu": 64}},
    "nowhere": {"image": "localhost/nowhere:1"},
    "unbound": {"claims": [{"claim": "nobody", "path": "/nobody", "readOnly": False}]},
    "pending": {"claims": [{"claim": "slow", "path": "/slow", "readOnly": False}]},
    "greedy": {"pod": {"memory": "500Gi"}},
}
TROUBLES = {
    "large": ("finds no node", "nvidia.com/gpu"),
    "nowhere": ("the image cannot be pulled", "localhost/nowhere:1"),
    "unbound": ("finds no node", 'persistentvolumeclaim "nobody" not found'),
    "pending": ("finds no node", "unbound immediate PersistentVolumeClaims"),
    "greedy": ("no pod can be made", "exceeded quota"),
}


@pytest.fixture
def installed(bed: Cluster, kube: client.ApiClient, namespace: str, tmp_path: Path) -> Site:
    values = here(bed)
    values["quota"] = {"requests.memory": "100Gi"}
    values["profiles"] |= PROFILES
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "none",
    }
    create(kube, manifest("PersistentVolumeClaim", "slow", spec=claim), namespace)  # nobody makes volumes of this class
    return sites.install(bed, kube, namespace, tmp_path, values)


def with_profile(site: Site, profile: str) -> None:
    """From now on pods follow this one of the profiles."""
    sites.places(site.folder, site.namespace, site.folder / "user.kubeconfig", profile=f"xfer-{profile}")


def jobs(site: Site) -> list[str]:
    """Names of the Jobs that are there."""
    found: Any = client.BatchV1Api(site.kube).list_namespaced_job(site.namespace)
    return [job.metadata.name for job in found.items]


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
        with_profile(installed, profile)
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


def test_a_study_of_all_that_can_travel_does_and_one_byte_more_does_not(installed: Site) -> None:
    notes = installed.folder / "my_tasks" / "_notes.py"
    notes.parent.mkdir()
    notes.write_text("")
    study = installed.study(text=studies.GENERATED + "own_tasks: ./my_tasks\n")
    room = LIMIT - sum(len(name) + len(content.encode()) for name, content in files_of(study).items())
    comment = ("# " + 60 * "é" + "\n") * (room // 60)  # JSON, in which it travels, makes six bytes of the letter's two
    full = comment.encode()[:room].decode(errors="ignore")
    full += " " * (room - len(full.encode()))
    notes.write_text(full + " ")
    said = refused(installed, "run", str(study), "--on", "bed", "--detach")
    assert f"{LIMIT + 1:,} bytes (my_tasks/_notes.py most of them)" in said
    assert jobs(installed) == []
    notes.write_text(full)
    with_profile(installed, "nowhere")  # what becomes of its pods is not what this is about
    submitted = installed.xfer("run", str(study), "--on", "bed", "--detach")
    assert submitted.returncode == 0, submitted.stderr
    assert jobs(installed) == ["nano"]


def foreign_job(site: Site) -> str:
    """A Job called like the study that is none; its identity."""
    pods = {"spec": {"restartPolicy": "Never", "containers": [{"name": "none", "image": "none"}]}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "nano"}, "spec": {"template": pods}}
    return str(create(site.kube, job, site.namespace).metadata.uid)


def test_the_name_of_a_job_that_is_no_study_is_left_to_it(installed: Site) -> None:
    uid = foreign_job(installed)
    said = refused(installed, "run", str(installed.study()), "--on", "bed", "--detach")
    assert "the name 'nano' is taken by a Job that is no study" in said
    job = installed.job("nano")
    assert (job.metadata.uid, job.metadata.deletion_timestamp) == (uid, None)
    made: Any = client.CoreV1Api(installed.kube).list_namespaced_secret(installed.namespace)
    assert "nano" not in [secret.metadata.name for secret in made.items]


def test_a_job_that_is_no_study_is_no_run(installed: Site) -> None:
    foreign_job(installed)
    for verb in ("status", "watch", "logs", "stop"):
        assert "nano" in refused(installed, verb, "nano", "--on", "bed")
    assert installed.job("nano").spec.suspend is False


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_what_others_have_made_under_a_studys_name_is_left_to_them(installed: Site, kind: str) -> None:
    uid = create(installed.kube, manifest(kind, "nano"), installed.namespace).metadata.uid
    assert kind in refused(installed, "run", str(installed.study()), "--on", "bed", "--detach")
    wait_for("end of the Job", lambda: jobs(installed) == [], 20)
    core = client.CoreV1Api(installed.kube)
    read: Any = core.read_namespaced_secret if kind == "Secret" else core.read_namespaced_config_map
    found = read("nano", installed.namespace)
    assert (found.metadata.uid, found.metadata.owner_references, found.data) == (uid, None, None)


def test_the_doctor_says_what_is_there_and_what_is_missing(bed: Cluster, installed: Site) -> None:
    done = installed.xfer("doctor", "--on", "bed")
    assert "ok\trights: all that the verbs need" in done.stdout
    assert "ok\tprofile: " in done.stdout
    with_profile(installed, "unbound")
    done = installed.xfer("doctor", "--on", "bed")
    assert done.returncode == 2
    assert "NO\tstorage: nobody is not there" in done.stdout
    with_profile(installed, "pending")
    done = installed.xfer("doctor", "--on", "bed")
    assert done.returncode == 0, "a class may make volumes when the first pod comes"
    assert "?\tstorage: slow is Pending: " in done.stdout
    sites.places(
        installed.folder, installed.namespace,
        bed.service_account("default", installed.namespace, installed.folder / "default.kubeconfig"),
    )  # fmt: skip
    done = installed.xfer("doctor", "--on", "bed")
    assert done.returncode == 2
    assert "NO\trights: " in done.stdout
