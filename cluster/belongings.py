"""What a run's pods need beside them, whatever the run is made of: the study's files, Ray's token, a policy."""

from __future__ import annotations

from cluster import network
from cluster.bundle import Bundle
from cluster.inputs import variables
from cluster.manifest import Manifest, metadata
from cluster.profile import Profile


def belongings(bundle: Bundle, profile: Profile, secret: dict[str, str]) -> list[Manifest]:
    """A ConfigMap, a Secret, and where the profile wants one a policy; all are called like the study."""
    contents = {key: bundle.files[path] for key, path in keys(bundle).items()}
    made: list[Manifest] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(bundle.study), "data": contents},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(bundle.study), "stringData": secret},
    ]
    return [*made, network.policy(bundle.study)] if profile.network_policy else made


def owned_by(owner: Manifest, manifests: list[Manifest]) -> list[Manifest]:
    """The same, to be deleted with their owner."""
    name, uid = owner["metadata"]["name"], owner["metadata"]["uid"]
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name, "uid": uid}
    return [{**one, "metadata": {**one["metadata"], "ownerReferences": [dict(reference)]}} for one in manifests]


def environment(bundle: Bundle) -> dict[str, str]:
    """What every pod is told in which Ray runs, beside its run and the storage."""
    return {
        # A worker that has lost its head looks for the next one soon, not after a minute.
        "RAY_gcs_rpc_server_reconnect_timeout_s": "10",
        **variables(bundle.inputs),
    }


def keys(bundle: Bundle) -> dict[str, str]:
    """Keys of a ConfigMap have no slashes: key, and path from where the study is."""
    return {path.replace("/", "__"): path for path in bundle.files}
