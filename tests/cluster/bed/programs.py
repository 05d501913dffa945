"""The programs of the bed, made once: from Go modules that pin them, and from Debian's packages.

Both land in a cache outside the tree (``XFER_BED_CACHE``). Debian's packages are unpacked there, not installed: an
installed etcd or containerd would be started as a service of the machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.cluster.bed.command import run
from tests.cluster.bed.layout import BedError

TOOLS = Path(__file__).parents[1] / "tools"

GO = {
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": ("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubelet": ("kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
    "coredns": ("coredns", "github.com/coredns/coredns"),
    "helm": ("helm", "helm.sh/helm/v3/cmd/helm"),
    "kwok": ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "pause": ("pause", "."),
}
"""Name -> module below ``tools`` and package to build in it."""

DEBIAN = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "runc": "runc",
}
"""Name -> package that holds it."""

PLUGINS_PACKAGE = "containernetworking-plugins"
INSTALLED = {"ip": "iproute2", "openssl": "openssl"}
"""Small programs that start no service: these are installed where they are missing."""


def cache() -> Path:
    named = os.environ.get("XFER_BED_CACHE")
    return Path(named).absolute() if named else Path.home() / ".cache" / "xfer-bed"


def lacking() -> str | None:
    """Why this machine cannot have a bed; None if it can."""
    if not Path("/proc/self/mountinfo").exists() or shutil.which("apt-get") is None:
        return "the bed needs a Debian machine"
    if os.geteuid() != 0:
        return "the bed needs root"
    unbuilt = [name for name in GO if not go_program(name).exists()]
    if unbuilt and shutil.which("go") is None:
        return f"Go is missing, and these are not built: {', '.join(unbuilt)}"
    return None


def build() -> None:
    """Make what is missing: some 15 minutes on two cores the first time, nothing afterwards."""
    for name in GO:
        if not go_program(name).exists():
            _build(name)
    wanted = [*dict.fromkeys(DEBIAN.values()), PLUGINS_PACKAGE]
    if unpacked := [package for package in wanted if not _unpacked(package).exists()]:
        _unpack(unpacked)
    if absent := [package for name, package in INSTALLED.items() if shutil.which(name) is None]:
        _apt("install", "--yes", "--no-install-recommends", *absent)


def program(name: str) -> Path:
    """Where a program of the bed lies once it is built."""
    if name in GO:
        return go_program(name)
    found = [path for folder in ("usr/bin", "usr/sbin") if (path := _debian() / folder / name).exists()]
    if not found:
        raise BedError(f"{name} is not in {_debian()}: `python -m tests.cluster.bed build` unpacks it")
    return found[0]


def network_plugins() -> Path:
    return _debian() / "usr/lib/cni"


def search_path() -> str:
    """For programs that look for others by name."""
    return os.pathsep.join([str(_debian() / "usr/bin"), str(_debian() / "usr/sbin"), "/usr/sbin", "/usr/bin", "/sbin"])


def go_program(name: str) -> Path:
    module, _ = GO[name]
    return cache() / "go" / f"{module}-{_fingerprint(module)}" / name


def kubernetes_version() -> str:
    found = re.search(r"k8s\.io/kubernetes (v\S+)", (TOOLS / "kubernetes/go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise BedError("tools/kubernetes/go.mod names no version of k8s.io/kubernetes")
    return found[1]


def _fingerprint(module: str) -> str:
    """Of what a module's programs are made from."""
    digest = hashlib.sha256()
    for path in sorted((TOOLS / module).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _build(name: str) -> None:
    module, package = GO[name]
    target = go_program(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Without its version an API server calls itself v0.0.0 and its clients refuse it.
    flags = f"-s -w -X k8s.io/component-base/version.gitVersion={kubernetes_version()}"
    partial = target.with_suffix(".partial")
    run(
        *("nice", "-n", "10", "go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly"),
        *("-ldflags", flags, "-o", partial, package),
        folder=TOOLS / module,
        environment={"CGO_ENABLED": "0", "GOWORK": "off"},
    )
    partial.rename(target)


def _debian() -> Path:
    return cache() / "debian"


def _unpacked(package: str) -> Path:
    """Stands when a package is unpacked as a whole."""
    return _debian() / f".{package}"


def _unpack(packages: list[str]) -> None:
    _debian().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # apt downloads as a user of its own
        _apt("download", *packages, folder=Path(folder))
        for package in packages:
            (archive,) = Path(folder).glob(f"{package}_*.deb")
            run("dpkg-deb", "--extract", archive, _debian())
            _unpacked(package).touch()


def _apt(*words: str, folder: Path | None = None) -> None:
    """Ask apt-get; a machine whose lists are missing or stale is asked again with new ones."""
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run("apt-get", "--quiet", *words, folder=folder, environment=environment)
    except BedError:
        run("apt-get", "--quiet", "update", environment=environment)
        run("apt-get", "--quiet", *words, folder=folder, environment=environment)
