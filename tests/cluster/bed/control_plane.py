"""etcd, the API server, the controller manager and the scheduler."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.cluster.bed import processes
from tests.cluster.bed.certificates import SERVER
from tests.cluster.bed.command import wait_for
from tests.cluster.bed.layout import API_ADDRESS, ETCD, ETCD_PEER, NODE_ADDRESS, SERVICE_SUBNET, Bed
from tests.cluster.bed.programs import program

NAMES = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
"""In the order in which they are stopped: an API server without etcd does not end by itself."""

AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
    ],
}
"""Who is no ServiceAccount, or a controller's, leaves no line: what is left are studies and who runs them."""


def up(bed: Bed) -> None:
    """Start the four; returns when the API server is ready."""
    _etcd(bed)
    _api_server(bed)
    wait_for("ready API server", _ready(bed), 60)
    _controller_manager(bed)
    _scheduler(bed)


def _etcd(bed: Bed) -> None:
    processes.start(
        bed,
        "etcd",
        program("etcd"),
        f"--data-dir={bed.folder / 'etcd'}",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        f"--listen-peer-urls={ETCD_PEER}",
        f"--initial-advertise-peer-urls={ETCD_PEER}",
        f"--initial-cluster=default={ETCD_PEER}",
        "--unsafe-no-fsync",
    )


def _api_server(bed: Bed) -> None:
    pki = bed.certificates
    policy = bed.folder / "audit.json"
    policy.write_text(json.dumps(AUDIT), encoding="utf-8")
    processes.start(
        bed,
        "kube-apiserver",
        program("kube-apiserver"),
        f"--etcd-servers={ETCD}",
        f"--bind-address={API_ADDRESS}",
        "--secure-port=443",
        f"--advertise-address={NODE_ADDRESS}",
        f"--service-cluster-ip-range={SERVICE_SUBNET}",
        f"--client-ca-file={pki / 'authority.crt'}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--token-auth-file={pki / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        f"--kubelet-client-certificate={pki / 'client.crt'}",
        f"--kubelet-client-key={pki / 'client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'accounts.key'}",
        f"--service-account-signing-key-file={pki / 'accounts.key'}",
        f"--cert-dir={bed.folder / 'apiserver'}",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={bed.audit}",
    )


def _controller_manager(bed: Bed) -> None:
    pki = bed.certificates
    processes.start(
        bed,
        "kube-controller-manager",
        program("kube-controller-manager"),
        *_as(bed.config("controller-manager")),
        f"--root-ca-file={pki / 'authority.crt'}",
        f"--service-account-private-key-file={pki / 'accounts.key'}",
        "--use-service-account-credentials",
        "--pvclaimbinder-sync-period=1s",  # a claim that was missed at first waits for the next round
    )


def _scheduler(bed: Bed) -> None:
    processes.start(bed, "kube-scheduler", program("kube-scheduler"), *_as(bed.config("scheduler")))


def _as(kubeconfig: Path) -> list[str]:
    """What both clients of the API server are told. There is one of each, so nobody elects a leader."""
    flags = [f"--{use}={kubeconfig}" for use in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")]
    return [*flags, "--leader-elect=false", "--bind-address=127.0.0.1"]


def _ready(bed: Bed) -> Callable[[], bool]:
    trusted = ssl.create_default_context(cafile=str(bed.certificates / "authority.crt"))
    # The machine's proxy, if it has one, does not know the bridge.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))

    def look() -> bool:
        for name in ("etcd", "kube-apiserver"):
            processes.insist(bed, name)
        try:
            with opener.open(f"{SERVER}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    return look
