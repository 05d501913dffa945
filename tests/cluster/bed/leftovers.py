"""What is on the machine that a bed could have left: two looks are compared, before and after."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.cluster.bed import cgroups, kernel, mounts, processes
from tests.cluster.bed.command import run
from tests.cluster.bed.layout import MARKER

PROGRAMS = {
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "coredns", "kwok"),
    *("containerd", "containerd-shim-runc-v2", "runc", "pause"),
}

INSISTED = tuple(
    Path(path)
    for path in (
        *(
            "/run/containerd",
            "/run/netns",
            "/var/lib/cni",
            "/var/lib/kubelet",
            "/var/lib/containerd",
            "/opt/containerd",
        ),
        *("/etc/cni", "/opt/cni", "/var/log/containers", "/var/log/pods", "/usr/libexec/kubernetes", "/etc/kubernetes"),
    )
)
"""Folders that the bed's programs write to, whatever they are told."""

PARENTS = tuple(Path(path) for path in ("/run", "/var/lib", "/var/log", "/opt", "/etc", "/mnt", "/srv"))
"""Folders whose entries are compared."""

Look = dict[str, list[str]]


def look() -> Look:
    """Everything of now, by kind."""
    return {
        "processes": sorted(_processes()),
        "mounts": sorted(f"{place}" for _, place in mounts.mounted()),
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "addresses": sorted(line.split("\\")[0] for line in run("ip", "-oneline", "address").splitlines()),
        "routes": sorted(run("ip", "route", "show", "table", "all").splitlines()),
        "cgroups": sorted(str(path) for path in (*cgroups.ROOT.glob("*"), *cgroups.ROOT.glob("*/*")) if path.is_dir()),
        "settings": sorted(f"{name}={value}" for name, value in kernel.settings().items()),
        "files": sorted(str(path) for path in _files()),
    }


def difference(before: Look, after: Look) -> Look:
    """What came and what went, by kind; kinds without a difference are left out."""
    found = {}
    for kind in before:
        came = [f"+ {entry}" for entry in _without(after[kind], before[kind])]
        went = [f"- {entry}" for entry in _without(before[kind], after[kind])]
        if came or went:
            found[kind] = came + went
    return found


def remove_new_files(before: Look) -> None:
    """Delete what was not there in an earlier look, of the folders that programs insist on."""
    known = set(before["files"])
    for folder in INSISTED:
        for path in sorted(_below(folder), reverse=True):
            if str(path) not in known:
                if path.is_dir() and not path.is_symlink():
                    mounts.unmount_below(path)
                    mounts.delete(path)
                else:
                    path.unlink(missing_ok=True)


def _without(entries: list[str], others: list[str]) -> list[str]:
    """Entries that the others lack, or have less often."""
    left = list(others)
    missing = []
    for entry in entries:
        if entry in left:
            left.remove(entry)
        else:
            missing.append(entry)
    return missing


def _files() -> Iterator[Path]:
    for parent in PARENTS:
        yield from (path for path in parent.glob("*") if path != MARKER)
    for folder in INSISTED:
        yield from _below(folder)


def _below(folder: Path) -> Iterator[Path]:
    if folder.exists():
        yield folder
        for parent, folders, names in os.walk(folder):
            yield from (Path(parent, name) for name in (*folders, *names))


def _processes() -> Iterator[str]:
    """Names of the bed's programs that run, and whatever runs in pods."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and processes.start_time(int(folder.name)) is not None:
            with suppress(FileNotFoundError, ProcessLookupError):
                name = Path((folder / "comm").read_text(encoding="utf-8").strip()).name
                groups = (folder / "cgroup").read_text(encoding="utf-8")
                if cgroups.PODS in groups or any(program[:15] == name for program in PROGRAMS):
                    yield name
