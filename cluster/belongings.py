"""What a run's pods need beside them, whatever the run is made of: the study's files, Ray's token, a policy."""

from __future__ import annotations

from cluster import network
from cluster.bundle import Bundle
from cluster.manifest import RUN, Manifest, labels
from cluster.profile import Profile


def belongings(bundle: Bundle, profile: Profile, secret: dict[str, str]) -> list[Manifest]:
    """A ConfigMap, a Secret, and where the profile wants one a policy; all are called like the study."""
    metadata: Manifest = {"name": bundle.study, "labels": labels(RUN, bundle.study)}
    contents = {key: bundle.files[path] for key, path in keys(bundle).items()}
    made: list[Manifest] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": contents},
        {"apiVersion": "v1", "kind": "Secret", "metadata": dict(metadata), "stringData": secret},
    ]
    return [*made, network.policy(bundle.study)] if profile.network_policy else made


def owned_by(owner: Manifest, manifests: list[Manifest]) -> list[Manifest]:
    """The same, to be deleted with their owner."""
    metadata = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": metadata["name"], "uid": metadata["uid"],
    }  # fmt: skip
    return [{**one, "metadata": {**one["metadata"], "ownerReferences": [dict(reference)]}} for one in manifests]


def keys(bundle: Bundle) -> dict[str, str]:
    """Keys of a ConfigMap have no slashes: key, and path from where the study is."""
    return {path.replace("/", "__"): path for path in bundle.files}
