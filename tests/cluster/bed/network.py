"""The network without kube-proxy: one bridge, which has the addresses of the node, the API server and DNS.

Other addresses of services lead nowhere: what is looked up must be a headless service.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.cluster.bed.command import run
from tests.cluster.bed.layout import (
    API_ADDRESS,
    BRIDGE,
    DNS_ADDRESS,
    FIRST_POD,
    NODE_ADDRESS,
    POD_SUBNET,
    Bed,
    BedError,
)

ADDRESSES = (f"{NODE_ADDRESS}/24", f"{API_ADDRESS}/32", f"{DNS_ADDRESS}/32")
"""The gateway's first: the plugin looks at no other."""


def up(bed: Bed) -> None:
    """Make the bridge and the plugin's configuration."""
    if _exists(BRIDGE):
        raise BedError(f"there is an interface {BRIDGE} already, of another container network; remove it first")
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    for address in ADDRESSES:
        run("ip", "address", "add", address, "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")
    folder = plugins_folder(bed)
    folder.mkdir(parents=True)
    (folder / "10-bed.conflist").write_text(json.dumps(_configuration(bed)), encoding="utf-8")


def down() -> None:
    """Remove the bridge and what hangs on it."""
    if not _exists(BRIDGE):
        return
    for port in sorted(Path("/sys/class/net", BRIDGE, "brif").iterdir()):
        if _exists(port.name):
            run("ip", "link", "delete", port.name)
    run("ip", "link", "delete", BRIDGE)


def plugins_folder(bed: Bed) -> Path:
    """Where containerd finds the configuration."""
    return bed.network / "net.d"


def _exists(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()


def _configuration(bed: Bed) -> dict[str, object]:
    leases = {
        "type": "host-local",
        "dataDir": str(bed.network / "leases"),
        "ranges": [[{"subnet": POD_SUBNET, "rangeStart": FIRST_POD, "gateway": NODE_ADDRESS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "ipam": leases}
    return {"cniVersion": "0.4.0", "name": "bed", "plugins": [bridge]}
