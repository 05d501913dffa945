"""What the chart renders, and what it refuses to: helm's own word, without a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cluster.manifest import INSTANCE, NAME, RUN
from cluster.profile import KEY, Profile, parse
from tests.cluster.charting import CHART, EVERYTHING, GPU_TAINT, SPOT_TAINT, TEMPLATE, Helm, rendering_helm
from tests.unit.chart.wrong_values import WRONG, Values

pytestmark = pytest.mark.cluster


EXAMPLE: Values = YAML(typ="safe").load(CHART / "examples" / "profiles.yaml")


@pytest.fixture
def rendering(tmp_path: Path) -> Helm:
    return rendering_helm(tmp_path)


@pytest.mark.parametrize("what", WRONG)
def test_helm_refuses_wrong_values_and_names_them(rendering: Helm, what: str) -> None:
    changes, named = WRONG[what]
    done = rendering.attempt(*TEMPLATE, values=changes)
    assert done.returncode != 0
    assert named in done.stderr


@pytest.mark.parametrize(("storage", "said"), [
    ({"claim": {"create": False}}, "storage.object.url; given: none"),
    ({"claim": {"existing": "a"}}, "given: storage.claim.create, storage.claim.existing"),
    ({"object": {"url": "s3://bucket"}}, "given: storage.claim.create, storage.object.url"),
    ({"object": {"secret": "keys"}}, "storage.object.secret is for storage.object.url"),
])  # fmt: skip
def test_there_is_one_storage(rendering: Helm, storage: Values, said: str) -> None:
    done = rendering.attempt(*TEMPLATE, values={"storage": storage})
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize(("values", "said"), [
    ({"profiles": {"big": {"pool": "gpu"}}, "pools": {"b": {}, "a": {}}},
     "the profile 'big' names the pool 'gpu', which there is not; pools: a, b"),
    ({"profiles": {"big": {"head": {"pool": "gpu"}}}},
     "the profile 'big' names the pool 'gpu', which there is not; pools: none"),
    ({"networkPolicy": {"create": True}}, "networkPolicy.apiServer.cidrs is empty"),
    ({"networkPolicy": {"create": True, "apiServer": {"cidrs": ["10.0.0.5/32"]}},
      "monitoring": {"podMonitor": {"create": True}}}, "needs networkPolicy.monitoringNamespace"),
])  # fmt: skip
def test_what_does_not_fit_together_is_refused(rendering: Helm, values: Values, said: str) -> None:
    done = rendering.attempt(*TEMPLATE, values=values)
    assert done.returncode != 0
    assert said in done.stderr


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in found if item["kind"] == kind]


def profiles(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Profiles by their label."""
    maps = of_kind(found, "ConfigMap")
    return {
        item["metadata"]["labels"]["xfer.dev/profile"]: YAML(typ="safe").load(item["data"]["profile.yaml"])
        for item in maps
    }


def test_a_profile_says_all_that_a_pod_needs(rendering: Helm) -> None:
    assert profiles(rendering.objects({})) == {
        "default": {
            "image": "xfer:0.1.0",
            "imagePullPolicy": "IfNotPresent",
            "imagePullSecrets": [],
            "serviceAccount": "xfer-study",
            "storage": "/xfer/store",
            "claims": [{"claim": "xfer", "path": "/xfer", "readOnly": False}],
            "env": {"XFER_DATA": "/xfer/data", "XFER_MODELS": "/xfer/models"},
            "envFromSecrets": [],
            "pod": {"cpu": 8, "cpuRequest": None, "memory": "64Gi", "gpu": 1},
            "gpuResource": "nvidia.com/gpu",
            "sharedMemory": "8Gi",
            "nodeSelector": {},
            "tolerations": [],
            "priorityClass": "",
            "runAsUser": 1000,
            "runtime": "auto",
            "spreadOver": "",
            "queue": "",
            "networkPolicy": False,
            "head": {"cpu": 2, "memory": "8Gi", "nodeSelector": {}, "tolerations": []},
            "autoscale": {"maxPods": 8, "idleSeconds": 60},
            "rayVersion": "2.60.0",
            "rayJob": {},
        }
    }


def test_another_profile_says_what_differs(rendering: Helm) -> None:
    found = profiles(rendering.objects(EVERYTHING))
    default, other = found["default"], found["cpu"]
    assert default["storage"] == "s3://bucket/prefix"
    assert default["claims"] == [{"claim": "data", "path": "/data", "readOnly": True}]
    assert default["env"] == {"XFER_DATA": "/data", "NUMBER": "010"}
    assert (default["envFromSecrets"], default["runAsUser"]) == (["keys", "hub"], 1000660000)
    assert (default["networkPolicy"], default["queue"], default["runtime"]) == (True, "xfer", "kuberay")
    differs: Mapping[str, Any] = {
        "pod": {"cpu": 8, "cpuRequest": None, "memory": "64Gi", "gpu": 0},
        "nodeSelector": {"gpu": "h200", "disk": "fast"},
        "tolerations": [],
        "image": "other:1",
        "queue": "nights",
        "head": {
            "cpu": 4, "memory": "16Gi", "nodeSelector": {"disk": "fast"}, "tolerations": [SPOT_TAINT, GPU_TAINT],
        },
        "autoscale": {"maxPods": 1000000, "idleSeconds": 0},
        "rayJob": {
            "preRunningDeadlineSeconds": 1000000, "rayClusterSpec": {"headServiceAnnotations": {"c": "d", "e": "f"}},
        },
    }  # fmt: skip
    assert other == {**default, **differs}


def test_a_pool_stands_under_what_a_profile_says_itself(rendering: Helm) -> None:
    found = profiles(rendering.objects(EVERYTHING))["default"]
    assert found["nodeSelector"] == {"gpu": "h200", "rack": "7"}
    assert found["tolerations"] == [GPU_TAINT, {"key": "night", "operator": "Exists"}]
    assert found["head"] == {"cpu": 4, "memory": "8Gi", "nodeSelector": {"pool": "regular"}, "tolerations": []}


def test_the_examples_spot_workers_have_a_head_that_stays(rendering: Helm) -> None:
    found = profiles(rendering.objects(EXAMPLE))
    assert set(found) == {"default", "large", "spot"}
    spot = found["spot"]
    assert spot["nodeSelector"] == EXAMPLE["pools"]["spot"]["nodeSelector"]
    assert spot["tolerations"] == EXAMPLE["pools"]["spot"]["tolerations"]
    assert spot["head"]["nodeSelector"] == EXAMPLE["pools"]["regular"]["nodeSelector"]
    assert spot["head"]["tolerations"] == []
    assert (found["large"]["pod"]["gpu"], found["large"]["head"]["cpu"]) == (8, 8)


@pytest.mark.parametrize(("said", "name"), [({}, "xfer"), ({"localQueue": "studies"}, "studies")])
def test_a_queue_is_made_and_taken(rendering: Helm, said: Values, name: str) -> None:
    found = rendering.objects({"kueue": {"clusterQueue": "gpus", **said}})
    (queue,) = of_kind(found, "LocalQueue")
    assert queue["apiVersion"] == "kueue.x-k8s.io/v1beta2"
    assert (queue["metadata"]["name"], queue["spec"]) == (name, {"clusterQueue": "gpus"})
    assert profiles(found)["default"]["queue"] == name


def test_prometheus_finds_the_pods_of_studies(rendering: Helm) -> None:
    (monitor,) = of_kind(rendering.objects(EVERYTHING), "PodMonitor")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"] == {
        "selector": {"matchLabels": {NAME: RUN}},
        "podTargetLabels": [INSTANCE, "ray.io/node-type"],
        "podMetricsEndpoints": [{"port": "metrics", "interval": "30s"}],
    }


def test_what_is_not_asked_for_is_not_made(rendering: Helm) -> None:
    kinds = {item["kind"] for item in rendering.objects({})}
    assert kinds.isdisjoint({"LocalQueue", "PodMonitor", "NetworkPolicy", "ResourceQuota"})


@pytest.mark.parametrize("values", [{}, EVERYTHING])
def test_what_the_chart_writes_is_what_python_reads(rendering: Helm, values: Values) -> None:
    maps = of_kind(rendering.objects(values), "ConfigMap")
    for item in maps:
        assert list(item["data"]) == [KEY]
        written = item["data"][KEY]
        assert "e+" not in written, "a whole number as a float, which KubeRay would refuse"
        profile = parse(written, item["metadata"]["name"])
        assert profile.model_dump(by_alias=True, mode="json") == YAML(typ="safe").load(written)
        assert set(YAML(typ="safe").load(written)) == {field.alias for field in Profile.model_fields.values()}
