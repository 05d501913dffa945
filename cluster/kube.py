"""A namespace of a Kubernetes cluster. Whatever its API refuses becomes one message with what to do."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, BinaryIO

from cluster import troubles
from cluster.manifest import Manifest
from cluster.place import Absent, PlaceError, Taken, Unreachable
from cluster.places import KubernetesPlace

MANAGER = "xfer"
"""Field manager of what we apply."""

RUN = "run a command in"

PIECE = 1 << 16
"""Bytes of a stream that are sent at once."""


class Namespace:
    """What the verbs need of one namespace."""

    def __init__(self, place: KubernetesPlace) -> None:
        from kubernetes import config
        from kubernetes.dynamic import DynamicClient

        self.name = place.namespace
        where = str(place.kubeconfig) if place.kubeconfig else "the kubeconfig"
        try:
            api = config.new_client_from_config(config_file=_file(place), context=place.context)
        except config.ConfigException as error:
            raise PlaceError(f"there is no such access: {error}", where, "mend the context in places.yaml") from error
        self._api = api
        self._known: dict[tuple[str, str], bool] = {}
        with self.told("look at", "the API"):
            self._dynamic = DynamicClient(api)

    @cached_property
    def core(self) -> Any:
        """What only a client of its own can: logs, watches and commands. It takes half a second to import."""
        from kubernetes import client

        return client.CoreV1Api(self._api)

    def get(self, api_version: str, kind: str, name: str) -> Manifest | None:
        """One object; None when it is not there."""
        with suppress(Absent), self.told("get", kind):
            return _plain(self._kind(api_version, kind).get(name=name, namespace=self.name))
        return None

    def find(self, api_version: str, kind: str, selector: str = "", fields: str = "") -> list[Manifest]:
        """Objects with these labels and fields."""
        with self.told("list", kind):
            found = self._kind(api_version, kind).get(
                namespace=self.name, label_selector=selector, field_selector=fields
            )
            return [_plain(item) for item in found.items]

    def create(self, manifest: Manifest, dry_run: bool = False) -> Manifest:
        """Make an object that must not be there yet."""
        metadata = manifest["metadata"]
        with self.told("create", manifest["kind"], metadata.get("name") or metadata["generateName"] + "..."):
            kind = self._kind(manifest["apiVersion"], manifest["kind"])
            return _plain(kind.create(body=manifest, namespace=self.name, **_how(dry_run)))

    def apply(self, manifest: Manifest) -> Manifest:
        """Make an object what the manifest says, by server-side apply."""
        with self.told("apply", manifest["kind"], manifest["metadata"]["name"]):
            kind = self._kind(manifest["apiVersion"], manifest["kind"])
            done = kind.server_side_apply(
                body=manifest, name=manifest["metadata"]["name"], namespace=self.name, force_conflicts=True, **_how()
            )
            return _plain(done)

    def patch(self, api_version: str, kind: str, name: str, change: Manifest) -> Manifest:
        """Merge a change into an object."""
        with self.told("patch", kind, name):
            found = self._kind(api_version, kind).patch(
                body=change, name=name, namespace=self.name, content_type="application/merge-patch+json"
            )
            return _plain(found)

    def delete(self, api_version: str, kind: str, name: str) -> None:
        """Delete an object and all that it owns; nothing happens when it is not there."""
        with suppress(Absent), self.told("delete", kind, name):
            body = {"propagationPolicy": "Background"}
            self._kind(api_version, kind).delete(name=name, namespace=self.name, body=body)

    def log(self, pod: str, container: str, follow: bool) -> Iterator[str]:
        """Lines of the log of a pod's container."""
        with self.told("read the log of", "Pod", pod):
            stream: Any = self.core.read_namespaced_pod_log(
                pod, self.name, container=container, follow=follow, _preload_content=False
            )
            rest = b""
            for chunk in stream.stream():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)
            if rest:
                yield rest.decode(errors="replace")

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether the cluster has such objects now; what the client keeps of that may be long over."""
        from kubernetes.client import ApiException

        if (api_version, kind) not in self._known:
            with self.told("look for", kind):
                try:
                    answer = self._dynamic.request("get", f"/apis/{api_version}")
                    names = {resource["kind"] for resource in _plain(answer)["resources"]}
                except ApiException as error:
                    if error.status != 404:
                        raise
                    names = set()
            self._known[api_version, kind] = kind in names
        return self._known[api_version, kind]

    def may(self, verb: str, group: str, resource: str) -> bool:
        """Whether whoever asks may do so here."""
        name, _, part = resource.partition("/")
        asked = {"namespace": self.name, "verb": verb, "group": group, "resource": name, "subresource": part}
        review: Manifest = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        with self.told("ask for", "rights"):
            kind = self._kind(review["apiVersion"], review["kind"])
            return bool(_plain(kind.create(body=review))["status"]["allowed"])

    def nodes(self) -> list[Manifest]:
        """Nodes of the cluster; few may list them."""
        with self.told("list", "Node"):
            return [_plain(item) for item in self._kind("v1", "Node").get().items]

    def wait_for_pod(self, name: str, seconds: float) -> None:
        """Until a pod runs. Raises ``PlaceError`` with what keeps it from that."""
        ends = time.monotonic() + seconds
        while True:
            pod = self.get("v1", "Pod", name)
            phase = pod["status"].get("phase") if pod else "gone"
            if phase == "Running":
                return
            if phase != "Pending" or time.monotonic() > ends:
                why = "; ".join(troubles.of([pod] if pod else [], [])) or f"it is {phase}"
                raise PlaceError(f"pod {name} does not run: {why}", f"namespace {self.name}", "mend the profile")
            time.sleep(0.5)

    def execute(
        self, pod: str, command: Sequence[str], stdout: BinaryIO, stdin: BinaryIO | None = None
    ) -> tuple[int, str]:
        """Run a command in a pod and write what it prints; its exit code, and what it said of errors."""
        from kubernetes.stream import stream
        from websocket import WebSocketException

        with self.told(RUN, "Pod", pod):
            running = stream(
                self.core.connect_get_namespaced_pod_exec, pod, self.name, command=list(command),
                stdout=True, stderr=True, stdin=stdin is not None, tty=False, binary=True, _preload_content=False,
            )  # fmt: skip
            said = b""
            try:
                if stdin is not None:
                    _send(running, stdin)
                is_open = True
                while is_open:  # once more after its end: what came last is still to be read
                    is_open = running.is_open()
                    running.update(timeout=1)
                    stdout.write(running.read_stdout(timeout=0) if running.peek_stdout() else b"")
                    said += running.read_stderr(timeout=0) if running.peek_stderr() else b""
                return int(running.returncode or 0), said.decode(errors="replace")
            except (WebSocketException, TypeError) as error:  # the client's way to say that no exit code has come
                what = f"the connection to pod {pod} has broken off"
                raise Unreachable(what, f"namespace {self.name}", "run it again") from error
            finally:
                running.close()
                running.sock.shutdown()  # which the client forgets when the server was first

    def _kind(self, api_version: str, kind: str) -> Any:
        return self._dynamic.resources.get(api_version=api_version, kind=kind)

    @contextmanager
    def told(self, verb: str, kind: str, name: str = "") -> Iterator[None]:
        """Turn what goes wrong inside into one message."""
        from kubernetes.client import ApiException
        from kubernetes.dynamic.exceptions import ResourceNotFoundError
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ApiException as error:
            raise _refusal(*_answer(error), f"{verb} {kind} {name}".strip(), self.name) from error
        except ResourceNotFoundError as error:
            raise PlaceError(f"the cluster knows no {kind}", fix="install it: docs/runbook.md") from error
        except (HTTPError, OSError) as error:
            what = f"no cluster answers ({type(error).__name__})"
            raise Unreachable(what, f"namespace {self.name}", "check the network and the context") from error


def _send(running: Any, stdin: BinaryIO) -> None:
    """Send all of a stream; a command that ends before has a reason, which it tells."""
    from websocket import WebSocketException

    with suppress(WebSocketException, BrokenPipeError, ConnectionResetError):
        for piece in iter(lambda: stdin.read(PIECE), b""):
            running.write_stdin(piece)
        running.close_channel(0)


def _refusal(status: int | None, message: str, what: str, namespace: str) -> PlaceError:
    where = f"namespace {namespace}"
    if status == 401:
        return PlaceError("the cluster does not accept your token", where, "log in again")
    if status == 403 and "exceeded quota" in message:
        return PlaceError(message.partition("forbidden: ")[2] or message, where, "stop a study, or ask for more quota")
    if status == 403:
        rule = re.search(r'cannot (\w+) resource "([^"]+)" in API group "([^"]*)"', message)
        fix = "ask for the chart's role in this namespace (access.subjects)"
        if rule or what.startswith(RUN):
            # Of a stream the server does not say what is missing.
            verb, resource, group = rule.groups() if rule else ("create, get", "pods/exec", "")
            fix += f"; the rule that is missing: apiGroups: ['{group}'], resources: [{resource}], verbs: [{verb}]"
        return PlaceError(f"you may not {what}", where, fix)
    if status == 404:
        return Absent(f"cannot {what}: {message}", where, "install the chart there, or mend places.yaml")
    if status is not None and status >= 500:
        return Unreachable(f"cannot {what}: {message}", where, "try again in a moment")
    if status == 409:
        return Taken(f"cannot {what}: {message}", where, "see who has made it")
    return PlaceError(f"cannot {what}: {message}", where, "see the message")


def _answer(error: Any) -> tuple[int | None, str]:
    """Status and message of a refusal; of one that meets a stream the client makes a text with all of the answer."""
    status, body = error.status, error.body
    stream = re.match(r"Handshake status (\d+) ", str(error.reason))
    if stream is not None:
        status, body = int(stream[1]), str(error.reason).rpartition("-+-+- ")[2]
    try:
        return status, str(json.loads(body)["message"])
    except (TypeError, ValueError, KeyError):
        return status, str(error.reason)


def _how(dry_run: bool = False) -> dict[str, Any]:
    strict = {"field_manager": MANAGER, "query_params": [("fieldValidation", "Strict")]}
    return {**strict, **({"dry_run": "All"} if dry_run else {})}


def _file(place: KubernetesPlace) -> str | None:
    return str(place.kubeconfig) if place.kubeconfig else None


def _plain(found: Any) -> Manifest:
    made = found.to_dict() if hasattr(found, "to_dict") else found
    assert isinstance(made, Mapping)
    return dict(made)
