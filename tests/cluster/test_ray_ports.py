"""The token of a run: Ray's ports refuse who lacks it, and nothing that can be read but its Secret has it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from tests.cluster import knocking, sites
from tests.cluster.bed.cluster import Cluster
from tests.cluster.bed.command import wait_for
from tests.cluster.charting import here
from tests.cluster.conftest import fresh_namespace
from tests.cluster.sites import Site

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

WRONG = "neither-the-token-nor-a-part-of-it"
DASHBOARD = ("/api/version", "/api/jobs/", "/nodes?view=summary", "/api/v0/tasks")
AGENTS = {"dashboardAgentListenPort": ("/logs", 200), "runtimeEnvAgentPort": ("/get_or_create_runtime_env", 405)}
"""A path of every node's HTTP servers, and what who has the token gets. The latter takes no GET, and only who is
let in gets to know."""


@dataclass(frozen=True)
class Running:
    """A study that trains, and what only its pods should know."""

    site: Site
    study: Path
    head: str
    """Address of its head pod."""
    token: str


@pytest.fixture(scope="module")
def running(bed: Cluster, kube: client.ApiClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    values = here(bed, RAY_START_ULIMIT_OPEN_FILES="20000")
    values["profiles"]["default"] |= {"pod": {"cpu": 1, "memory": "3Gi", "gpu": 0}, "sharedMemory": "1Gi"}
    with fresh_namespace(bed, kube) as namespace:
        site = sites.install(bed, kube, namespace, tmp_path_factory.mktemp("running"), values)
        study = site.study(steps=40_000)  # longer than the tests: it ends with its namespace
        submitted = site.xfer("run", str(study), "--on", "bed", "--detach")
        assert submitted.returncode == 0, submitted.stderr
        wait_for("steps", lambda: site.progress("nano")["steps_done"], 300, every=1)
        core: Any = client.CoreV1Api(kube)
        secret = core.read_namespaced_secret("nano", namespace).data["RAY_AUTH_TOKEN"]
        head = core.read_namespaced_pod(site.pod("nano", 0), namespace).status.pod_ip
        yield Running(site, study, head, base64.b64decode(secret).decode())


def http(address: str, path: str, token: str | None) -> tuple[int, str]:
    """Status and body of what a port answers over HTTP."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(urllib.request.Request(f"http://{address}{path}", headers=headers), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def nodes(running: Running) -> list[dict[str, Any]]:
    """What Ray itself tells of its nodes: where each listens."""
    status, body = http(f"{running.head}:8265", "/nodes?view=summary", running.token)
    assert status == 200, body
    return [node["raylet"] for node in json.loads(body)["data"]["summary"]]


def doors(running: Running) -> dict[str, tuple[str, str]]:
    """Every port that speaks gRPC, and a method that is there."""
    found = {
        "gcs": (f"{running.head}:6379", ""),
        "gcs, by hand": (f"{running.head}:6379", "/ray.rpc.InternalKVGcsService/InternalKVKeys"),
        "client": (f"{running.head}:10001", "/ray.rpc.RayletDriver/KVList"),
    }
    for i, node in enumerate(nodes(running)):
        address = node["nodeManagerAddress"]
        found |= {
            f"raylet {i}": (f"{address}:{node['nodeManagerPort']}", "/ray.rpc.NodeManagerService/GetNodeStats"),
            f"objects {i}": (f"{address}:{node['objectManagerPort']}", "/ray.rpc.ObjectManagerService/Push"),
            f"agent {i}": (f"{address}:{node['metricsAgentPort']}", "/ray.rpc.ReporterService/GetTraceback"),
        }
    return found


def knock(running: Running, home: Path, token: str | None) -> dict[str, str]:
    """What the gRPC ports answer to a client that has this token, and nothing else of this machine's."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONWARNINGS": "ignore"}
    if token is not None:
        env |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    done = subprocess.run(
        [sys.executable, "-P", str(Path(knocking.__file__)), json.dumps(doors(running))],
        env=env, cwd=home, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_rays_ports_open_only_to_who_has_the_token(running: Running, tmp_path: Path) -> None:
    assert len(nodes(running)) == 2
    opened = knock(running, tmp_path, running.token)
    assert set(opened.values()) == {"OK"}, opened
    for token in (None, WRONG):
        answers = knock(running, tmp_path, token)
        assert set(answers.values()) == {"UNAUTHENTICATED"}, (token, answers)


def test_the_dashboard_and_the_agents_open_only_to_who_has_the_token(running: Running) -> None:
    places = [(f"{running.head}:8265", path, 200) for path in DASHBOARD]
    for node in nodes(running):
        places += [(f"{node['nodeManagerAddress']}:{node[port]}", *asked) for port, asked in AGENTS.items()]
    for address, path, opened in places:
        assert http(address, path, running.token)[0] == opened, (address, path)
        assert http(address, path, None)[0] == 401, (address, path)
        assert http(address, path, WRONG)[0] == 403, (address, path)


def test_the_token_is_in_the_secret_and_nowhere_else(running: Running) -> None:
    site = running.site
    assert len(running.token) > 30
    forms = (running.token, base64.b64encode(running.token.encode()).decode())
    told = {
        words: site.xfer(*words, "--on", "bed")
        for words in (
            ("logs", "nano"), ("status",), ("status", "nano"), ("doctor",), ("run", str(running.study), "--dry-run"),
        )
    }  # fmt: skip
    for words, done in told.items():
        assert done.returncode == 0 and done.stdout, (words, done.stderr)
        assert not any(form in done.stdout + done.stderr for form in forms), words
    core, raw = client.CoreV1Api(site.kube), {"_preload_content": False}
    lists: dict[str, Any] = {
        "Job": client.BatchV1Api(site.kube).list_namespaced_job, "Pod": core.list_namespaced_pod,
        "ConfigMap": core.list_namespaced_config_map, "Event": core.list_namespaced_event,
        "Service": core.list_namespaced_service, "Secret": core.list_namespaced_secret,
    }  # fmt: skip
    holders = [
        kind
        for kind, found in lists.items()
        if any(form.encode() in found(site.namespace, **raw).data for form in forms)
    ]
    assert holders == ["Secret"]
