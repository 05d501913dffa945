"""The chart's values: the schema takes the defaults and refuses what is wrong; all is documented."""

from __future__ import annotations

import json
import runpy
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from tests.unit.chart.wrong_values import WRONG, Values

ROOT = Path(__file__).parents[3]
CHART = ROOT / "helm" / "xfer"
FREE_MAPS = {"global", "quota", "rayJob", "strings"}
"""Their keys are the user's."""


def text(name: str) -> str:
    return (CHART / name).read_text(encoding="utf-8")


def yaml(name: str) -> Any:
    return YAML(typ="safe").load(text(name))


SCHEMA: dict[str, Any] = json.loads(text("values.schema.json"))
DEFAULTS: Values = yaml("values.yaml")
TABLE = runpy.run_path(str(ROOT / "helm" / "values_table.py"))


def given(changes: Mapping[str, Any], values: Values = DEFAULTS) -> Values:
    """Values as helm sees them: the defaults with a user's changes."""
    found = deepcopy(values)
    for key, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(found.get(key), dict)
        found[key] = given(value, found[key]) if nested else value
    return found


def problems(values: Values) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(SCHEMA).iter_errors(values)]


def test_the_schema_is_one_and_takes_the_defaults() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert problems(DEFAULTS) == []


@pytest.mark.parametrize("changes", [
    {"storage": {"claim": {"create": False}, "object": {"url": "s3://bucket/a/prefix", "secret": "keys"}}},
    {"storage": {"claim": {"create": False, "existing": "scratch", "path": "/mnt/scratch"}}},
    {"storage": {"claim": {"storageClass": "fast", "keep": False}}},
    {"quota": {"requests.nvidia.com/gpu": 16, "requests.memory": "2Ti"}},
    {"access": {"subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": "ci"}]}},
    {"profiles": {"cpu": {"pod": {"gpu": 0}, "tolerations": [{"key": "a", "operator": "Exists"}]}}},
    {"profiles": {"default": {"runAsUser": 1000660000, "image": "example.org/xfer@sha256:0123"}}},
    {"profiles": {"default": {"rayJob": {"rayClusterSpec": {"headGroupSpec": {"rayStartParams": {}}}}}}},
    {"networkPolicy": {"create": True, "apiServer": {"cidrs": ["10.0.0.5/32", "fd00::5/128"]}, "egress": []}},
    yaml("examples/profiles.yaml"),
])  # fmt: skip
def test_the_schema_takes_what_the_chart_is_for(changes: Values) -> None:
    assert problems(given(changes)) == []


@pytest.mark.parametrize("what", WRONG)
def test_the_schema_refuses_what_is_wrong_and_names_it(what: str) -> None:
    changes, named = WRONG[what]
    found = problems(given(changes))
    assert len(found) == 1, found
    assert named in found[0]


def objects(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a map, with the name under which it stands."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield at, schema
        for key, inner in schema.items():
            yield from objects(inner, key)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner, at)


def test_the_schema_is_strict_everywhere_but_in_maps_of_the_user() -> None:
    assert {at for at, schema in objects(SCHEMA) if schema.get("additionalProperties") is not False} == FREE_MAPS


def known(schema: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted paths of the values that the schema knows, with the profile ``default`` for all of them."""
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    inner: dict[str, Any] = schema.get("properties", {}) if schema.get("type") == "object" else {}
    if above == "profiles.":
        inner = {"default": next(iter(schema["patternProperties"].values()))}
    for key, value in inner.items():
        yield from known(value, f"{above}{key}.")
    if not inner:
        yield above[:-1]


def test_the_schema_knows_the_values_that_there_are() -> None:
    assert set(known(SCHEMA)) - {"global"} == set(TABLE["leaves"](DEFAULTS))


def test_every_value_is_documented_and_nothing_else() -> None:
    assert list(TABLE["comments"](text("values.yaml"))) == list(TABLE["leaves"](DEFAULTS))


def test_the_readme_has_the_table_of_the_values() -> None:
    assert TABLE["readme"](text("README.md"), text("values.yaml")) == text("README.md"), "run: make docs"


def test_a_comment_may_go_on_and_a_bar_does_not_end_a_cell() -> None:
    written = TABLE["table"]("a:\n  # plain\n  # -- One|two,\n  # three.\n  b: [1]\n# -- A map.\nc: {}\n")
    assert written.splitlines()[2:] == [r"| `a.b` | `[1]` | One\|two, three. |", "| `c` | `{}` | A map. |"]


def test_the_chart_has_the_projects_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    chart = yaml("Chart.yaml")
    assert (chart["version"], chart["appVersion"]) == (project["version"], project["version"])


def test_no_template_makes_an_object_of_the_cluster_or_a_rule_with_a_wildcard() -> None:
    for path in (CHART / "templates").rglob("*.yaml"):
        written = path.read_text(encoding="utf-8")
        assert "kind: Cluster" not in written, path
        assert "*]" not in written and '"*"' not in written, path


def test_the_image_has_the_ray_and_the_python_of_the_constraints() -> None:
    """The base's Ray is kept, so another version would be installed over it; and a Python that nobody has tested."""
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    (ray,) = (line.removeprefix("ray==") for line in constraints if line.startswith("ray=="))
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"ARG BASE=rayproject/ray:{ray}-py311-gpu\n" in dockerfile
    assert "USER 1000\n" in dockerfile and dockerfile.endswith('ENTRYPOINT ["xfer"]\n')
