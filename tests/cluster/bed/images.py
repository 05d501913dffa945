"""Two images that need no registry: one holds a pod open, the other holds nothing but links into ``/usr``."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Iterable, Mapping

from tests.cluster.bed import node
from tests.cluster.bed.layout import BASE_IMAGE, PAUSE_IMAGE, Bed
from tests.cluster.bed.programs import program

UID = 1000
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
FILES = {
    "etc/passwd": f"root:x:0:0::/root:/bin/sh\nxfer:x:{UID}:{UID}::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
    "etc/group": f"root:x:0:\nxfer:x:{UID}:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
LINKS = {name: f"usr/{name}" for name in ("bin", "lib", "lib64", "sbin")}
FOLDERS = {"dev": 0o755, "etc": 0o755, "proc": 0o755, "root": 0o755, "sys": 0o755, "tmp": 0o1777, "usr": 0o755}
"""Below ``/root`` may lie an interpreter that others than root run."""

Member = tuple[tarfile.TarInfo, bytes]


def load(bed: Bed) -> None:
    """Give both images to containerd."""
    pause = _file("pause", program("pause").read_bytes(), 0o755)
    configuration = {"User": f"{UID}:{UID}", "Env": ["PATH=/usr/bin:/bin"], "WorkingDir": "/tmp"}
    archives = {
        "pause": _archive(PAUSE_IMAGE, [pause], {"User": "65534:65534", "Entrypoint": ["/pause"]}),
        "base": _archive(BASE_IMAGE, _base(), configuration),
    }
    for name, content in archives.items():
        path = bed.folder / f"{name}.tar"
        path.write_bytes(content)
        node.ctr(bed, "images", "import", path)


def _base() -> Iterable[Member]:
    for name, mode in FOLDERS.items():
        yield _entry(name, tarfile.DIRTYPE, mode), b""
    for name, target in LINKS.items():
        link = _entry(name, tarfile.SYMTYPE, 0o777)
        link.linkname = target
        yield link, b""
    for name, text in FILES.items():
        yield _file(name, text.encode(), 0o644)


def _file(name: str, content: bytes, mode: int) -> Member:
    entry = _entry(name, tarfile.REGTYPE, mode)
    entry.size = len(content)
    return entry, content


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry


def _tar(members: Iterable[Member]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for entry, content in members:
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def _archive(name: str, members: Iterable[Member], configuration: Mapping[str, object]) -> bytes:
    """An image of one layer, in the format that ``docker save`` writes."""
    layer = _tar(members)
    image = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": configuration,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    config = json.dumps(image).encode()
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    parts = {"config.json": config, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    return _tar(_file(path, content, 0o644) for path, content in parts.items())
