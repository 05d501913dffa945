"""What studies are made of, by every profile that is shipped: the real API server takes it, strictly, and its pods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from ruamel.yaml import YAML

from cluster.belongings import owned_by
from cluster.kube import Namespace
from cluster.manifest import Manifest
from cluster.places import KubernetesPlace
from cluster.profile import KEY, Profile, parse
from cluster.runtime import RUNTIMES, Runtime
from tests.cluster import kuberay
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.objects import create
from tests.cluster.charting import CHART, EVERYTHING, Helm, helm_program
from tests.unit.cluster.there import packed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

EXAMPLE = CHART / "examples" / "profiles.yaml"
GPUS = "{default: {ranks: 4, per_rank: {gpu: 1, cpu: 2}}, override: [{where: {role: target}, ranks: 1}]}"


@pytest.fixture(scope="module")
def definitions(kube: client.ApiClient) -> Iterator[None]:
    if reason := kuberay.lacking(kuberay.DEFINITIONS):
        pytest.skip(reason)
    with kuberay.definitions(kube, [*kuberay.of_kuberay(), *kuberay.of_kueue()]):
        yield


@pytest.fixture
def space(bed: Cluster, definitions: None, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    monkeypatch.setenv("NO_PROXY", "*")
    return Namespace(KubernetesPlace(kubeconfig=bed.kubeconfig, namespace=namespace))


def profiles(helm: Helm) -> dict[str, Profile]:
    """By name, as the chart makes them of its values, its example and of everything at once."""
    found = {}
    values: dict[str, Any] = {"": {}, "example": YAML(typ="safe").load(EXAMPLE), "everything": EVERYTHING}
    for kind, given in values.items():
        for item in helm.objects(given):
            if item["kind"] == "ConfigMap" and KEY in item["data"]:
                found[f"{kind} {item['metadata']['name']}"] = parse(item["data"][KEY], "the chart")
    return found


def templates(manifest: Any) -> Iterator[Manifest]:
    """Every pod template in a manifest, with what KubeRay adds as its containers."""
    if isinstance(manifest, list):
        for item in manifest:
            yield from templates(item)
    elif isinstance(manifest, dict):
        if "containers" in manifest.get("spec", {}) and "metadata" in manifest:
            yield manifest
        for item in manifest.values():
            yield from templates(item)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: str(runtime.KIND))
@pytest.mark.parametrize("queue", ["", "research"])
def test_the_api_server_takes_what_a_study_is_made_of(
    bed: Cluster, space: Namespace, kube: client.ApiClient, tmp_path: Path, runtime: Runtime, queue: str
) -> None:
    made = packed(tmp_path, resources=GPUS)
    found = profiles(Helm(helm_program(), bed.kubeconfig, tmp_path, space.name))
    assert len(found) >= 5
    for account in {profile.service_account for profile in found.values()}:
        manifest = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}}
        create(kube, manifest, space.name)
    for profile in found.values():
        # A study that a profile cannot hold is refused elsewhere; and no cluster here has this priority.
        larger = profile.pod.model_copy(update={"cpu": max(profile.pod.cpu, 8), "gpu": max(profile.pod.gpu, 4)})
        said = profile.model_copy(update={"pod": larger, "queue": queue, "network_policy": True, "priority_class": ""})
        job = runtime.job(made, said)
        there = {**job, "metadata": {**job["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
        for manifest in [job, *owned_by(there, runtime.owned(made, said, "token"))]:
            space.create(manifest, dry_run=True)
        for template in templates(job):
            container = {**template["spec"]["containers"][0], "command": ["true"]}
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                **template,
                "spec": {**template["spec"], "containers": [container]},
            }
            space.create({**pod, "metadata": {**template["metadata"], "name": "one"}}, dry_run=True)


def test_the_api_server_takes_the_local_queue(bed: Cluster, space: Namespace, tmp_path: Path) -> None:
    (queue,) = (
        item
        for item in Helm(helm_program(), bed.kubeconfig, tmp_path, space.name).objects(EVERYTHING)
        if item["kind"] == "LocalQueue"
    )
    space.create(queue, dry_run=True)
    with pytest.raises(Exception, match="clusterQueues"):
        space.create({**queue, "spec": {"clusterQueues": "many"}}, dry_run=True)
