"""An object store for tests: a server on this machine that speaks S3, or the one that is given.

``XFER_TEST_BUCKET`` names a place to write to (``s3://bucket/prefix``), with the ``AWS_...`` variables it takes.
"""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

STARTS = 30
"""Seconds that a server may take until it answers."""

REFUSAL = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidAccessKeyId</Code><Message>The key id you gave is not in our records.</Message></Error>"""


@dataclass(frozen=True)
class Bucket:
    """A place in an object store."""

    url: str
    environment: Mapping[str, str]
    """What a process needs to get at it: all the ``AWS_...`` variables there are."""

    def at(self, endpoint: str) -> Bucket:
        """The same at another address."""
        return replace(self, environment={**self.environment, "AWS_ENDPOINT_URL": endpoint})


@contextmanager
def serving(folder: Path) -> Iterator[Bucket]:
    """A new place; the server's log is in ``folder``."""
    given = os.environ.get("XFER_TEST_BUCKET")
    if given:
        environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        yield Bucket(f"{given.rstrip('/')}/{uuid.uuid4().hex[:8]}", environment)
        return
    port = free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": "unix:///nowhere",  # it would look there for what it left
    }
    log = folder / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [Path(sys.executable).with_name("ministack")], env={**os.environ, **settings}, stdout=stream, stderr=stream
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _make(f"{endpoint}/bucket", server, log)
        secrets = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        yield Bucket("s3://bucket/some/prefix", {"AWS_ENDPOINT_URL": endpoint, **secrets})
    finally:
        server.terminate()
        server.wait(timeout=20)


def _make(bucket: str, server: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + STARTS
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(bucket, method="PUT"), timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            assert server.poll() is None and time.monotonic() < ends, log.read_text()
            time.sleep(0.05)


def free_port() -> int:
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def silent() -> Iterator[str]:
    """An address where connections are taken and nothing is ever said."""
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        door.listen(50)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


class _Refusing(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", str(len(REFUSAL)))
        self.end_headers()
        self.wfile.write(REFUSAL)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: it is a test's."""


@contextmanager
def refusing() -> Iterator[str]:
    """An address where S3 knows nobody's key: the server that tests start believes everybody."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
