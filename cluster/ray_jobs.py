"""Jobs of a Ray cluster, by the REST interface of its dashboard. Whatever it refuses becomes one message with what
to do.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from cluster.place import Absent, PlaceError

Job = dict[str, Any]
"""What Ray tells of a job."""

ENDED = ("SUCCEEDED", "FAILED", "STOPPED")
"""States of a job that it does not leave."""

OLDEST = 4
"""Version of the interface that has all we need."""

TIMEOUT = (10, 60)
"""Seconds that a connection may take, and an answer."""

QUIET = 30
"""Seconds without a word in a log, after which the job is looked at."""

PAUSE = 2
"""Seconds before a log is taken up again that broke off."""


class Token(NamedTuple):
    """What a cluster is shown, and where it was found."""

    value: str
    source: str


def find_token(file: Path | None) -> Token | None:
    """The token of a place: of its file, else where Ray itself looks for one. None when there is none.

    Raises ``PlaceError`` for one that cannot be read or is none.
    """
    given, named = os.environ.get("RAY_AUTH_TOKEN"), os.environ.get("RAY_AUTH_TOKEN_PATH")
    if file is None and given:
        return _token(given, "RAY_AUTH_TOKEN")
    usual = Path.home() / ".ray" / "auth_token"
    if file is None and not named and not usual.exists():
        return None
    path = file or (Path(named) if named else usual)
    try:
        return _token(path.read_text(encoding="utf-8", errors="replace"), str(path))
    except OSError as error:
        fix = "mend 'token' in places.yaml" if file else "mend RAY_AUTH_TOKEN_PATH"
        raise PlaceError(f"the token cannot be read: {error.strerror}", str(path), fix) from error


def _token(text: str, source: str) -> Token:
    value = text.strip()
    if not re.fullmatch(r"[!-~]+", value):  # said here, for requests would print it
        raise PlaceError("this is no token", source, "write the token there and nothing else: one line")
    return Token(value, source)


class RayJobs:
    """What the verbs need of one cluster."""

    def __init__(self, address: str, token: Path | None) -> None:
        self._address = address.rstrip("/")
        self.where = f"Ray at {urlsplit(address).netloc.rpartition('@')[2]}"
        self.token = find_token(token)

    def version(self) -> str:
        """Of Ray. Raises ``PlaceError`` for what is not Ray, or too old."""
        told = self._json("GET", "/api/version", "ask for its version")
        try:
            version, release = int(told["version"]), str(told["ray_version"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._stranger() from error
        if version < OLDEST:
            raise PlaceError(f"Ray {release} is too old", self.where, "install Ray 2.60 there")
        return release

    def asks_for_token(self) -> bool:
        """Whether who has none is refused. Ray before 2.52 knows no tokens."""
        try:
            told = self._json("GET", "/api/authentication_mode", "ask whom it lets in")
        except Absent:
            return False
        return bool(told.get("authentication_mode") == "token")

    def nodes(self) -> list[dict[str, float]]:
        """Resources of each machine that is there."""
        told = self._json("GET", "/api/v0/nodes?detail=true&limit=10000", "list machines")
        found = told["data"]["result"]["result"]
        return [dict(node["resources_total"]) for node in found if node["state"] == "ALIVE"]

    def upload(self, package: str, content: bytes) -> None:
        """Bring the archive of a working directory there, unless it is there."""
        path, what = f"/api/packages/gcs/{package}", "bring the study's files there"
        try:
            self._call("GET", path, what)  # which keeps it there, even when the last job that used it goes
        except Absent:
            self._call("PUT", path, what, data=content)

    def submit(self, request: Job) -> None:
        """Start a job."""
        self._call("POST", "/api/jobs/", f"start job {request['submission_id']}", json=request)

    def jobs(self) -> list[Job]:
        """Every job that was submitted."""
        return [job for job in self._json("GET", "/api/jobs/", "list jobs", list) if job["type"] == "SUBMISSION"]

    def job(self, job: str) -> Job:
        """One job."""
        found: Job = self._json("GET", f"/api/jobs/{job}", f"look at job {job}")
        return found

    def stop(self, job: str) -> bool:
        """Tell a job to end; whether there was somebody to hear it."""
        return bool(self._json("POST", f"/api/jobs/{job}/stop", f"stop job {job}")["stopped"])

    def delete(self, job: str) -> None:
        """Forget a job that has ended, some seconds ago: else what watches it there enters it anew, as failed."""
        self._call("DELETE", f"/api/jobs/{job}", f"delete job {job}")

    def lines(self, job: str) -> list[str]:
        """All that a job has written."""
        text = str(self._json("GET", f"/api/jobs/{job}/logs", f"read the log of job {job}")["logs"])
        return text.removesuffix("\n").split("\n") if text else []

    def follow(self, job: str) -> Iterator[str]:
        """Lines of a job's log as they come, until it ends; a stream that breaks off is taken up where it did."""
        heard, ended = 0, False
        while not ended:
            ended = self.job(job)["status"] in ENDED  # before its log is read: that is whole then
            for i, line in enumerate(self.lines(job) if ended else self._stream(job)):
                if i >= heard:
                    yield line
                    heard = i + 1
            if not ended:
                time.sleep(PAUSE)

    def _stream(self, job: str) -> Iterator[str]:
        """Whole lines of a log from its beginning, as they come."""
        import websocket

        try:
            socket = self._socket(job)
        except (websocket.WebSocketException, OSError):  # what stands between lets no streams through
            yield from self.lines(job)[:-1]
            return
        rest = ""
        with closing(socket), suppress(websocket.WebSocketException, OSError):
            while text := self._heard(socket, job):
                *lines, rest = (rest + text).split("\n")
                yield from lines

    def _socket(self, job: str) -> Any:
        import websocket

        authority = os.environ.get("REQUESTS_CA_BUNDLE")
        socket = websocket.create_connection(
            "ws" + self._address.removeprefix("http") + f"/api/jobs/{job}/logs/tail",
            timeout=TIMEOUT[0], suppress_origin=True,
            header=[f"Authorization: Bearer {self.token.value}"] if self.token else [],
            sslopt={"ca_certs": authority} if authority else {},
        )  # fmt: skip
        socket.settimeout(QUIET)
        return socket

    def _heard(self, socket: Any, job: str) -> str:
        """What comes next; nothing when the job has ended, or the stream."""
        import websocket

        while True:
            try:
                return str(socket.recv())
            except websocket.WebSocketTimeoutException:
                if self.job(job)["status"] in ENDED:
                    return ""

    def _json(self, method: str, path: str, what: str, kind: type = dict) -> Any:
        try:
            told = self._call(method, path, what).json()
        except requests.JSONDecodeError as error:
            raise self._stranger() from error
        if not isinstance(told, kind):
            raise self._stranger()
        return told

    def _call(self, method: str, path: str, what: str, **given: Any) -> requests.Response:
        """Raises ``PlaceError``, and ``Absent`` for what is not there."""
        try:
            answer = requests.request(
                method, self._address + path, auth=self._sign, timeout=TIMEOUT, allow_redirects=False, **given
            )
        except requests.exceptions.SSLError as error:
            fix = "give its authority in REQUESTS_CA_BUNDLE"
            raise PlaceError("the cluster's certificate is not accepted", self.where, fix) from error
        except (requests.RequestException, OSError) as error:
            fix = "check the network, and the address in places.yaml"
            raise PlaceError(f"no cluster answers ({type(error).__name__})", self.where, fix) from error
        if answer.status_code >= 300:
            raise self.refusal(answer, what)
        return answer

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As 'auth', so that no entry of ~/.netrc takes its place.
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token.value}"
        return request

    def refusal(self, answer: requests.Response, what: str) -> PlaceError:
        """What an answer that is no success means."""
        status, words = answer.status_code, [line.strip() for line in answer.text.splitlines()]
        said = next((word for word in reversed(words) if len(word) > 1), f"status {status}")
        if status == 401:
            fix = "name a file with it as 'token' in places.yaml, or set RAY_AUTH_TOKEN"
            return PlaceError("the cluster asks for a token", self.where, fix)
        if status == 403:
            shown = f"the token of {self.token.source}" if self.token else "whoever has no token"
            fix = "ask who runs the cluster: 'ray get-auth-token' there prints it"
            return PlaceError(f"the cluster does not accept {shown}", self.where, fix)
        if status == 404:
            return Absent(f"cannot {what}: {said}", self.where, "is it the address of Ray's dashboard?")
        if status < 400:
            target = urlsplit(answer.headers.get("Location", ""))
            fix = "write the address of the dashboard itself into places.yaml"
            return PlaceError(f"it sends us on to {target.scheme}://{target.hostname}", self.where, fix)
        return PlaceError(f"cannot {what}: {said}", self.where, "see the message, and the dashboard")

    def _stranger(self) -> PlaceError:
        return PlaceError("what answers is not Ray's dashboard", self.where, "mend the address in places.yaml")
