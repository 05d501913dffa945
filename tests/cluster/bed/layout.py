"""Where the bed keeps what, and the names and addresses that it uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONTEXT = "bed"
NODE = "bed"

BRIDGE = "cni0"
NODE_ADDRESS = "10.244.0.1"
"""The node's own address, and the gateway of its pods."""

POD_SUBNET = "10.244.0.0/24"
FIRST_POD = "10.244.0.10"
API_ADDRESS = "10.96.0.1"
"""The first address of the services' range is where pods look for the API server; it is bound there itself."""

DNS_ADDRESS = "10.96.0.10"
SERVICE_SUBNET = "10.96.0.0/24"
DOMAIN = "cluster.local"
ETCD = "http://127.0.0.1:23790"
ETCD_PEER = "http://127.0.0.1:23800"

PAUSE_IMAGE = "localhost/xfer-bed/pause:1"
BASE_IMAGE = "localhost/xfer-bed/base:1"
"""Nothing but links into ``/usr``, which comes as a volume."""

FOLDER = Path("/var/lib/xfer-bed")
MARKER = Path("/var/lib/xfer-bed.json")
"""Names the folder of the bed that is up, and holds what the machine was like before; written first, removed last.
One machine has one bed: bridge, addresses and control groups are the machine's."""


class BedError(Exception):
    """The bed cannot be brought up or down, and why."""


@dataclass(frozen=True)
class Bed:
    """A bed's folder: everything that it writes lies below, but for what its programs insist on."""

    folder: Path = FOLDER

    @property
    def kubeconfig(self) -> Path:
        """Of the administrator."""
        return self.folder / "kubeconfig"

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def audit(self) -> Path:
        """What ServiceAccounts have asked of the API server: a line of JSON per call."""
        return self.logs / "audit.log"

    @property
    def containerd(self) -> Path:
        return self.folder / "containerd"

    @property
    def containerd_socket(self) -> Path:
        return self.containerd / "containerd.sock"

    @property
    def kubelet(self) -> Path:
        return self.folder / "kubelet"

    @property
    def network(self) -> Path:
        """The network plugin's configuration and leases."""
        return self.folder / "network"

    @property
    def processes(self) -> Path:
        """A file per program that was started."""
        return self.folder / "processes"

    @property
    def host(self) -> Path:
        """Folders of this machine, mounted read-only, from which volumes are made."""
        return self.folder / "host"

    @property
    def storage(self) -> Path:
        """A folder per writable volume."""
        return self.folder / "storage"

    def config(self, user: str) -> Path:
        """The kubeconfig of one of the bed's own users."""
        return self.folder / "users" / user
