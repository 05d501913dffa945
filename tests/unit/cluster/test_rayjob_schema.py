"""What the rules of a RayJob refuse is what the schema of KubeRay's definition takes: else it is not theirs to say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cluster.manifest import Manifest
from tests.unit.cluster.ray_job import cluster, good, job, merged, queued
from tests.unit.cluster.unfit_ray_jobs import CHANGES

FOLDER = os.environ.get("XFER_KUBERAY_CRDS", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="XFER_KUBERAY_CRDS names no folder with KubeRay's definitions")


def strict(schema: Any) -> Any:
    """A structural schema for ``jsonschema``: unknown fields are refused, as strict field validation does."""
    if isinstance(schema, list):
        return [strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_ended:
        found["additionalProperties"] = False
    return found


def defaulted(schema: Manifest, value: Any) -> Any:
    """The API server fills in defaults before it validates."""
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        given = {name: field["default"] for name, field in fields.items() if "default" in field}
        return {key: defaulted(fields.get(key, {}), entry) for key, entry in {**given, **value}.items()}
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), entry) for entry in value]
    return value


EXPRESSIONS: dict[str, Callable[[Any], bool]] = {
    "deletionStrategy": lambda it: ("deletionRules" in it) != ({"onSuccess", "onFailure"} <= it.keys()),
    "condition": lambda it: ("jobStatus" in it) != ("jobDeploymentStatus" in it),
    "managedBy": lambda it: it in ("ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue"),
    "backend": lambda it: True,  # it may not change, and this is the first
}
"""What the expressions of the definition say about a new object, by the name of the field that has them."""


def broken_expressions(schema: Manifest, value: Any, name: str = "") -> Iterator[str]:
    if "x-kubernetes-validations" in schema and not EXPRESSIONS[name](value):
        yield name
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from broken_expressions(schema.get("properties", {}).get(key, {}), entry, key)
    for entry in value if isinstance(value, list) else ():
        yield from broken_expressions(schema.get("items", {}), entry, name)


@cache
def definition() -> Manifest:
    yaml = pytest.importorskip("yaml")  # 25,000 lines: the client of Kubernetes brings a parser in C
    text = (Path(FOLDER) / "ray.io_rayjobs.yaml").read_text(encoding="utf-8")
    versions = yaml.load(text, Loader=yaml.CSafeLoader)["spec"]["versions"]
    found: Manifest = next(v["schema"]["openAPIV3Schema"] for v in versions if v["name"] == "v1")
    return found


@cache
def validator() -> Any:
    from jsonschema import Draft4Validator

    return Draft4Validator(strict(definition()))


def complaints(manifest: Manifest) -> list[str]:
    whole = defaulted(definition(), manifest)
    return [*(error.message for error in validator().iter_errors(whole)), *broken_expressions(definition(), whole)]


@pytest.mark.parametrize(("base", "change", "words"), CHANGES)
def test_the_api_server_would_take_it(base: Callable[[], Manifest], change: Manifest, words: str) -> None:
    assert complaints(merged(base(), change)) == []


@pytest.mark.parametrize(
    "change",
    [
        job(preRunningDeadlineSeconds=0),
        job(deletionStrategy={}),
        job(managedBy="me"),
        job(backofLimit=3),
        job(backoffLimit="3"),
        cluster(authOptions={"mode": "password"}),
    ],
)
def test_what_the_schema_refuses_is_seen_here(change: Manifest) -> None:
    """The check of the schema above can fail; and the good jobs pass it."""
    assert complaints(merged(good(), change))
    assert complaints(good()) == complaints(queued()) == []  # what is wrong is the change alone
