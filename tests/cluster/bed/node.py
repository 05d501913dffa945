"""The node: containerd with runc, and a kubelet, both below the bed's folder."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cluster.bed import network, processes
from tests.cluster.bed.command import run, wait_for
from tests.cluster.bed.layout import DNS_ADDRESS, DOMAIN, NODE, NODE_ADDRESS, PAUSE_IMAGE, Bed
from tests.cluster.bed.programs import network_plugins, program

NAMES = ("kubelet", "containerd")
"""In the order in which they are stopped: the kubelet would start anew what is killed below it."""

CONTAINERD = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  stream_server_address = "127.0.0.1"
  restrict_oom_score_adj = true  # machines in machines lack the right to lower it
  disable_hugetlb_controller = true
  netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{plugins}"
  conf_dir = "{network}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  BinaryName = "{runc}"
  Root = "{folder}/runc"
  SystemdCgroup = false
"""


def up(bed: Bed) -> None:
    """Start both. The kubelet goes on trying until the API server knows it."""
    _containerd(bed)
    _kubelet(bed)


def containerd_ready(bed: Bed) -> None:
    """Wait until containerd answers."""

    def look() -> bool:
        processes.insist(bed, "containerd")
        return bed.containerd_socket.exists()

    wait_for("containerd socket", look, 30)
    ctr(bed, "version")


def ctr(bed: Bed, *words: str | Path) -> str:
    """Ask containerd, in the kubelet's namespace of it."""
    return run(program("ctr"), "--address", bed.containerd_socket, "--namespace", "k8s.io", *words)


def _containerd(bed: Bed) -> None:
    bed.containerd.mkdir(parents=True)
    file = bed.containerd / "config.toml"
    values = {
        "folder": bed.containerd,
        "socket": bed.containerd_socket,
        "pause": PAUSE_IMAGE,
        "plugins": network_plugins(),
        "network": network.plugins_folder(bed),
        "runc": program("runc"),
    }
    file.write_text(CONTAINERD.format(**values), encoding="utf-8")
    processes.start(bed, "containerd", program("containerd"), "--config", file)


def _kubelet(bed: Bed) -> None:
    bed.kubelet.mkdir(parents=True)
    file = bed.folder / "kubelet.json"
    file.write_text(json.dumps(_configuration(bed)), encoding="utf-8")
    processes.start(
        bed,
        "kubelet",
        program("kubelet"),
        f"--config={file}",
        f"--kubeconfig={bed.config('kubelet')}",
        f"--root-dir={bed.kubelet}",
        f"--cert-dir={bed.kubelet / 'pki'}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
    )


def _configuration(bed: Bed) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(bed.certificates / "authority.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": DOMAIN,
        "containerRuntimeEndpoint": f"unix://{bed.containerd_socket}",
        # A test machine's disk and memory are also others': pods are not evicted for what those use.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "featureGates": {"KubeletInUserNamespace": True},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "makeIPTablesUtilChains": False,
        "oomScoreAdj": 0,
        "podLogsDir": str(bed.folder / "pods"),
        "resolvConf": "",
        "volumePluginDir": str(bed.folder / "volume-plugins"),
    }
