"""Settings of the kernel that the bed's programs change, to be put back afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

CHANGED = (
    "net/ipv4/ip_forward",  # the network plugin, for the gateway
    "vm/overcommit_memory",  # the kubelet sets this one and those below
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


def settings() -> dict[str, str]:
    """The values of now."""
    paths = {name: Path("/proc/sys", name) for name in CHANGED}
    return {name: path.read_text(encoding="ascii").strip() for name, path in paths.items() if path.exists()}


def put_back(values: Mapping[str, str]) -> None:
    """Set what differs."""
    now = settings()
    for name, value in values.items():
        if now.get(name) != value:
            Path("/proc/sys", name).write_text(value, encoding="ascii")
