"""Kubeconfigs: of the bed's users, and of any token for the cluster that another kubeconfig names."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.cluster.bed.layout import BedError


@dataclass(frozen=True)
class Server:
    """Where an API server is, and the PEM certificate of who vouches for it; none: whom the machine trusts."""

    address: str
    authority: bytes | None = None


def write(path: Path, server: Server, token: str, *, context: str, namespace: str = "default") -> Path:
    """Write a kubeconfig of one context; its path. JSON is YAML, too."""
    cluster: dict[str, Any] = {"server": server.address}
    if server.authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(server.authority).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": context, "user": context, "namespace": namespace}}],
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": {"token": token}}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def server_of(path: Path) -> Server:
    """What a kubeconfig's current context names."""
    content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    context = _named(content["contexts"], content.get("current-context"), path)["context"]
    cluster = _named(content["clusters"], context["cluster"], path)["cluster"]
    if data := cluster.get("certificate-authority-data"):
        return Server(cluster["server"], base64.b64decode(data))
    if file := cluster.get("certificate-authority"):
        return Server(cluster["server"], (path.parent / file).read_bytes())
    return Server(cluster["server"])


def _named(entries: list[dict[str, Any]], name: str | None, path: Path) -> dict[str, Any]:
    for entry in entries:
        if entry["name"] == name:
            return entry
    raise BedError(f"{path} has no entry named {name}")
