"""A Ray cluster that is there, on this machine: started for tests, and ended with all that it has started."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

PATIENCE = 60
"""Seconds that a cluster may take to answer."""

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Cluster:
    """Where it answers, and to whom."""

    address: str
    token: str

    def jobs(self) -> list[str]:
        """Ids of the jobs that it knows."""
        return [job["submission_id"] for job in self.ask("/api/jobs/")]

    def ask(self, path: str) -> Any:
        header = {"Authorization": f"Bearer {self.token}"}
        return requests.get(self.address + path, headers=header, timeout=10).json()

    def answers(self) -> bool:
        """Whether it is up: it takes jobs, and has a machine to run them on."""
        with suppress(requests.RequestException, KeyError, TypeError):
            self.ask("/api/jobs/")
            return bool(self.ask("/api/v0/nodes")["data"]["result"]["result"])
        return False


@contextmanager
def started() -> Iterator[Cluster]:
    """A head with four CPUs that asks for a token; no port and no folder of it is anybody else's."""
    folder = Path(tempfile.mkdtemp(prefix="xr-", dir="/tmp"))  # sockets live in it: its name must be short
    ports = free_ports(4)
    cluster = Cluster(f"http://127.0.0.1:{ports[1]}", secrets.token_hex(32))
    command = [
        str(BIN / "ray"), "start", "--head", "--block", f"--port={ports[0]}", f"--dashboard-port={ports[1]}",
        f"--dashboard-agent-listen-port={ports[2]}", f"--ray-client-server-port={ports[3]}", "--num-cpus=4",
        f"--temp-dir={folder}", "--object-store-memory=100000000", "--disable-usage-stats",
    ]  # fmt: skip
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": cluster.token}
    log = folder / "start.log"
    with log.open("w") as stream:
        head = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream, start_new_session=True)
    try:
        wait_for_answer(cluster, head, log)
        yield cluster
    finally:
        end(psutil.Process(head.pid), folder)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_answer(cluster: Cluster, head: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while not cluster.answers():
        if head.poll() is not None or time.monotonic() > ends:
            raise AssertionError(f"Ray did not start:\n{log.read_text()}")
        time.sleep(0.2)


def end(head: psutil.Process, folder: Path) -> None:
    """Kill what the head has started, and what these have: some have left its session."""
    known = {head, *head.children(recursive=True)}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(folder) in word for word in (process.cwd(), *process.cmdline())):
                known |= {process, *process.children(recursive=True)}
    for process in known:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, left = psutil.wait_procs(known - {head}, timeout=10)
    assert not left, f"outlived their cluster: {left}"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
