"""The bed itself: it comes and goes without a trace, and its pods are what the other tests take them for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster.bed import leftovers, lifecycle, mounts, pods, processes, volumes
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import run
from tests.cluster.bed.layout import BedError
from tests.cluster.bed.objects import create, manifest, role_reference
from tests.cluster.conftest import ask_bed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

SLEEP = ("-c", "import time; print('awake', flush=True); time.sleep(600)")


def in_a_pod(cluster: Cluster, kube: client.ApiClient, namespace: str, name: str, code: str) -> str:
    """Run Python code in a pod to its end; what it printed."""
    create(kube, pods.python_pod(cluster, name, "-c", code), namespace)
    ended = pods.wait_until(kube, namespace, name, *pods.ENDED, seconds=120)
    written = pods.logs(kube, namespace, name)
    assert ended == "Succeeded", written
    return written


def leave_a_pod(cluster: Cluster) -> None:
    """Start a pod with all its volumes, and let it be."""
    assert cluster.bed is not None
    with cluster.client() as kube:
        volumes.offer(cluster.bed, kube, "default")
        create(kube, pods.python_pod(cluster, "left", *SLEEP))
        pods.wait_until(kube, "default", "left", "Running", seconds=60)


@pytest.mark.usefixtures("bare_machine")
def test_up_and_down_three_times_leaves_nothing_behind() -> None:
    before = leftovers.look()
    for killed in (False, True, False):
        kubeconfig = ask_bed("up")
        assert ask_bed("up") == kubeconfig
        bed = lifecycle.marked()
        assert bed is not None
        leave_a_pod(Cluster(Path(kubeconfig), bed))
        if killed:
            for pid in processes.offspring(bed):
                os.kill(pid, signal.SIGKILL)
        ask_bed("down")
        assert leftovers.difference(before, leftovers.look()) == {}
        assert not bed.folder.exists()


@pytest.mark.usefixtures("bare_machine")
def test_what_is_half_up_is_taken_down_and_brought_up() -> None:
    before = leftovers.look()
    ask_bed("up")
    bed = lifecycle.marked()
    assert bed is not None
    os.kill(processes.running(bed)["kubelet"], signal.SIGKILL)
    ask_bed("up")
    assert lifecycle.ready(bed)
    ask_bed("down")
    assert leftovers.difference(before, leftovers.look()) == {}


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A folder in which another one is mounted."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("kept", encoding="utf-8")
    (tmp_path / "bed/deep/mount").mkdir(parents=True)
    return tmp_path


def test_a_folder_with_a_mount_below_it_is_not_deleted(shown: Path) -> None:
    target = shown / "bed/deep/mount"
    run("mount", "--bind", shown / "precious", target)
    try:
        with pytest.raises(BedError, match=r"not deleted: .* has mounts below it: .*deep/mount"):
            mounts.delete(shown / "bed")
        assert (target / "file").exists()
    finally:
        mounts.unmount_below(shown / "bed")
    assert (shown / "precious/file").read_text(encoding="utf-8") == "kept"
    mounts.delete(shown / "bed")
    assert not (shown / "bed").exists()
    assert (shown / "precious/file").read_text(encoding="utf-8") == "kept"


def test_a_deletion_enters_no_mount_that_nobody_listed(shown: Path) -> None:
    """As if the mount had been made between the look at the list and the deletion."""
    target = shown / "bed/deep/mount"
    run("mount", "--bind", shown / "precious", target)
    parent = os.open(shown, os.O_RDONLY)
    try:
        with pytest.raises(BedError, match=r"something is mounted at .*deep/mount"):
            mounts.delete_in(parent, "bed", shown / "bed", mounts.mount_of(parent))
    finally:
        os.close(parent)
        mounts.unmount_below(shown / "bed")
    assert (shown / "precious/file").read_text(encoding="utf-8") == "kept"


def test_what_is_shown_read_only_cannot_be_written_through_a_mount_of_it(shown: Path) -> None:
    mounts.bind_read_only(shown / "precious", shown / "bed/deep/mount")
    (shown / "bed/again").mkdir()
    run("mount", "--bind", shown / "bed/deep/mount", shown / "bed/again")
    try:
        with pytest.raises(OSError, match="Read-only"):
            (shown / "bed/again/file").unlink()
        with pytest.raises(OSError, match="Read-only"):
            os.chown(shown / "bed/again/file", -1, 1000)
    finally:
        mounts.unmount_below(shown / "bed")


def test_a_restricted_pod_runs_this_python(bed: Cluster, kube: client.ApiClient, namespace: str) -> None:
    code = """
import os, pathlib, ray, xfer
print(os.getuid(), ray.__version__, pathlib.Path(xfer.__file__).exists())
pathlib.Path("/storage/written").write_text("by a pod")
for place in ("/root/x", ray.__file__, "/usr/x"):
    try:
        open(place, "a")
    except OSError:
        continue
    print("could write", place)
"""
    import ray

    assert in_a_pod(bed, kube, namespace, "python", code).split() == ["1000", ray.__version__, "True"]
    if bed.bed is not None:
        written = bed.bed.storage / namespace / volumes.STORAGE / "written"
        assert written.read_text(encoding="utf-8") == "by a pod"


def test_a_pod_is_found_by_name_and_its_logs_and_exec_work(
    bed: Cluster, kube: client.ApiClient, namespace: str
) -> None:
    selector = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": {"app": "named"}}
    create(kube, manifest("Service", "group", spec=selector), namespace)
    create(kube, pods.python_pod(bed, "named", *SLEEP, subdomain="group"), namespace)
    pods.wait_until(kube, namespace, "named", "Running")
    status = client.CoreV1Api(kube).read_namespaced_pod("named", namespace).status
    assert status is not None
    address = status.pod_ip
    code = f"""
import socket, time
for _ in range(100):
    try:
        print(socket.gethostbyname("named.group"), socket.gethostbyname("named.group.{namespace}.svc.cluster.local"))
        break
    except OSError:
        time.sleep(0.1)
"""
    assert in_a_pod(bed, kube, namespace, "asks", code).split() == [address, address]
    assert pods.logs(kube, namespace, "named").strip() == "awake"
    assert pods.execute(bed, namespace, "named", "id", "-u").strip() == "1000"


def test_a_pod_that_is_not_restricted_is_refused(bed: Cluster, kube: client.ApiClient, namespace: str) -> None:
    pod = pods.python_pod(bed, "loose", *SLEEP)
    del pod["spec"]["securityContext"]["runAsNonRoot"]
    with pytest.raises(ApiException, match="violates PodSecurity"):
        create(kube, pod, namespace)


def test_a_token_may_what_its_account_may(bed: Cluster, kube: client.ApiClient, namespace: str, tmp_path: Path) -> None:
    create(kube, manifest("ServiceAccount", "reader"), namespace)
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    create(kube, manifest("Role", "reader", rules=[rule]), namespace)
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
    binding = {"roleRef": role_reference("Role", "reader"), "subjects": [subject]}
    create(kube, manifest("RoleBinding", "reader", **binding), namespace)
    with bed.client(bed.service_account("reader", namespace, tmp_path / "reader")) as reader:
        assert client.CoreV1Api(reader).list_namespaced_pod(namespace).items == []
        with pytest.raises(ApiException, match="forbidden"):
            client.CoreV1Api(reader).list_namespaced_secret(namespace)
    nobody = bed.user("no-such-token", tmp_path / "stranger")
    with bed.client(nobody) as stranger, pytest.raises(ApiException, match="Unauthorized"):
        client.CoreV1Api(stranger).list_namespaced_pod(namespace)
