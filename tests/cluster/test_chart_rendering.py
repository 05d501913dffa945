"""What the chart renders, and what it refuses to: helm's own word, without a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cluster.profile import KEY, Profile, parse
from tests.cluster.bed.cluster import Cluster
from tests.cluster.charting import EVERYTHING, TEMPLATE, Helm, helm_program
from tests.unit.chart.wrong_values import WRONG, Values

pytestmark = pytest.mark.cluster


@pytest.fixture
def rendering(bed: Cluster, tmp_path: Path) -> Helm:
    """Helm where nothing is installed; the bed builds it."""
    return Helm(helm_program(), bed.kubeconfig, tmp_path)


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


def profiles(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Profiles by their label."""
    maps = [item for item in found if item["kind"] == "ConfigMap"]
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
            "pod": {"cpu": 8, "memory": "64Gi", "gpu": 1},
            "gpuResource": "nvidia.com/gpu",
            "sharedMemory": "8Gi",
            "nodeSelector": {},
            "tolerations": [],
            "priorityClass": "",
            "runAsUser": 1000,
        }
    }


def test_another_profile_says_what_differs(rendering: Helm) -> None:
    found = profiles(rendering.objects(EVERYTHING))
    default, other = found["default"], found["cpu"]
    assert default["storage"] == "s3://bucket/prefix"
    assert default["claims"] == [{"claim": "data", "path": "/data", "readOnly": True}]
    assert default["env"] == {"XFER_DATA": "/data", "NUMBER": "010"}
    assert (default["envFromSecrets"], default["runAsUser"]) == (["keys", "hub"], 1000660000)
    differs: Mapping[str, Any] = {
        "pod": {"cpu": 8, "memory": "64Gi", "gpu": 0},
        "nodeSelector": {"gpu": "h200", "disk": "fast"},
        "tolerations": [],
        "image": "other:1",
    }
    assert other == {**default, **differs}


@pytest.mark.parametrize("values", [{}, EVERYTHING])
def test_what_the_chart_writes_is_what_python_reads(rendering: Helm, values: Values) -> None:
    maps = [item for item in rendering.objects(values) if item["kind"] == "ConfigMap"]
    for item in maps:
        assert list(item["data"]) == [KEY]
        written = item["data"][KEY]
        profile = parse(written, item["metadata"]["name"])
        assert profile.model_dump(by_alias=True, mode="json") == YAML(typ="safe").load(written)
        assert set(YAML(typ="safe").load(written)) == {field.alias for field in Profile.model_fields.values()}
