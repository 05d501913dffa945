"""A study on a Ray cluster that is there, as a user sees it: no code of ours talks to Ray but by its REST interface."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import xfer
from tests.integration import ray_cluster, studies
from tests.integration.ray_cluster import Cluster
from xfer.events import Event, parse

pytestmark = pytest.mark.integration

TEXT = """\
study: nano
storage: {storage}
world: {{seed: 3, rows: {{text: 600, nli: 32, tagging: 192, paraphrase: 32, validation: 60, test: 60}}}}
seeds: [1]
models: [{{id: nano, scratch: {{size: nano, text: world_text, vocabulary: 200, seed: 5}}}}]
arms: [none]
targets: [world_tagging]
recipe:
  default: {{steps: 20, batch_size: 16, micro_batch_size: 8, learning_rate: 1e-3, max_length: 32, precision: fp32}}
  override: [{{where: {{role: pretrain}}, steps: {steps}}}]
tune: {{learning_rate: [1e-5, 3e-3], per: [model, target], targets: [world_tagging], arms: [none], seeds: [9]}}
resources: {{default: {{snapshot_every: {every}}}}}
"""
"""A model from scratch, a search, and one target: four phases."""

STEPS = 500
"""Of pretraining: it is stopped on the way."""


@dataclass(frozen=True)
class Site:
    """A folder with a file of places and a study, and the cluster that the places lead to."""

    folder: Path
    cluster: Cluster

    @property
    def study(self) -> Path:
        return self.folder / "study.yaml"

    def started(self, *words: str) -> subprocess.Popen[str]:
        """The console script, where the file of places is, while it runs."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "XFER_"))}
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("xfer")), *words], cwd=self.folder, text=True,
            env={**ours, "HOME": str(self.folder), "NO_PROXY": "*"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def xfer(self, *words: str, code: int = 0) -> str:
        """What the console script prints, all of it, when it ends with this code."""
        with self.started(*words) as job:
            out, err = job.communicate(timeout=300)
        assert job.returncode == code, out + err
        return out + err


class Stranger(BaseHTTPRequestHandler):
    """Answers everything with a page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Welcome</html>")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, stranger: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    studies.write(folder, steps=STEPS, text=TEXT)
    with ray_cluster.started() as cluster:
        dead = f"http://127.0.0.1:{ray_cluster.free_ports(1)[0]}"
        there = f'address: "{cluster.address}", storage: {folder / "there"}'
        (folder / "token").write_text(cluster.token + "\n")
        (folder / "wrong").write_text("0" * 64)
        (folder / "places.yaml").write_text(
            f"here: {{ray: {{{there}, token: token, env: {{PASSWORD: sesame}}}}}}\n"
            f"wrong: {{ray: {{{there}, token: wrong}}}}\n"
            f"none: {{ray: {{{there}}}}}\n"
            f"lost: {{ray: {{{there}, token: nowhere}}}}\n"
            f'away: {{ray: {{address: "{cluster.address}", storage: /not/of/this/machine, token: token}}}}\n'
            f'dead: {{ray: {{address: "{dead}", storage: /there}}}}\n'
            f'stranger: {{ray: {{address: "{stranger}", storage: /there}}}}\n'
        )
        yield Site(folder, cluster)


def events(log: str) -> list[Event]:
    return [event for line in log.splitlines() if (event := parse(line)) is not None]


def until(job: subprocess.Popen[str], wanted: Callable[[Event], bool]) -> None:
    """Read what a job prints until such an event comes."""
    assert job.stdout is not None
    assert any(wanted(event) for line in job.stdout for event in events(line))


def test_doctor_says_what_is_there(site: Site) -> None:
    said = site.xfer("doctor", "--on", "here")
    assert "ok\tRay: 2." in said
    assert f"ok\ttoken: that of {site.folder / 'token'} is accepted" in said
    assert "ok\tmachines: 1 with 4 CPUs and 0 GPUs" in said
    assert "?\tstorage" in said, "nothing has made the folder yet"
    assert site.cluster.token not in said


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("wrong", "the cluster does not accept the token of"),
        ("none", "the cluster asks for a token"),
        ("lost", "the token cannot be read: No such file"),
        ("dead", "no cluster answers (ConnectionError)"),
        ("stranger", "what answers is not Ray's dashboard"),
    ],
)
def test_a_cluster_that_does_not_let_us_in_is_one_message(site: Site, place: str, what: str) -> None:
    said = site.xfer("status", "nano", "--on", place, code=2)
    assert said.startswith("xfer: ") and what in said and "  -> " in said
    assert "Traceback" not in said and "0" * 64 not in said


def test_doctor_goes_no_further_than_it_is_let(site: Site) -> None:
    (said,) = re.findall(r"^NO\t(.*)", site.xfer("doctor", "--on", "wrong", code=2), re.MULTILINE)
    assert "the cluster does not accept the token of" in said


def test_a_lock_is_made_where_the_data_are(site: Site) -> None:
    assert "1 models, 2 tasks" in site.xfer("lock", "study.yaml", "--on", "here")
    there = (site.folder / "study.lock.json").read_bytes()
    site.xfer("lock", "study.yaml")
    assert (site.folder / "study.lock.json").read_bytes() == there
    other = re.sub("(?m)^tune:.*", "", site.study.read_text())
    (site.folder / "other.yaml").write_text(other.replace("targets: [world_tagging]", "targets: [xnli]"))
    said = site.xfer("lock", "other.yaml", "--on", "here", code=2)
    assert "xnli" in said and "Running entrypoint" not in said
    assert site.cluster.jobs() == [], "they are deleted"


def test_a_dry_run_shows_the_job_and_no_secret(site: Site) -> None:
    said = site.xfer("run", "study.yaml", "--on", "here", "--dry-run")
    assert "entrypoint: python -P -u -m jobs.run_study study/study.yaml" in said
    assert f"XFER_STORAGE: {site.folder / 'there'}" in said
    assert "PASSWORD" in said and "sesame" not in said
    assert site.cluster.jobs() == []


@pytest.mark.timeout(900)
def test_a_study_is_stopped_and_goes_on_where_it_was(site: Site) -> None:
    """To the same tables: ``test_study`` shows that of one that is disturbed, whatever has started it."""
    assert "nano has begun" in site.xfer("run", "study.yaml", "--on", "here", "--detach")
    again = site.xfer("run", "study.yaml", "--on", "here", code=2)
    assert "a run called 'nano' is " in again and "xfer stop nano" in again
    with site.started("logs", "nano", "--on", "here", "-f") as following:
        until(following, lambda event: event["event"] == "lane")
        assert " running " in site.xfer("status", "--on", "here")
        until(following, lambda event: event["event"] == "step" and event["step"] > 2 * studies.EVERY)
        site.xfer("stop", "nano", "--on", "here")
        rest, _ = following.communicate(timeout=120)
        assert following.returncode == 0, "it ends with the run"
    assert events(rest)[-1]["code"] == 130
    assert " stopped " in site.xfer("status", "nano", "--on", "here")
    assert "nano is stopped" in site.xfer("watch", "nano", "--on", "here", code=130)

    assert "nano is done" in site.xfer("run", "study.yaml", "--on", "here")
    first = next(event for event in events(site.xfer("logs", "nano", "--on", "here")) if event["event"] == "phase")
    assert first["first_step"] > 2 * studies.EVERY, "where it was stopped"
    assert " done " in site.xfer("status", "--on", "here")
    assert sorted(site.cluster.jobs()) == ["nano.1", "nano.2"]

    assert "new files in" in site.xfer("fetch", "study.yaml", "--on", "here")
    outcomes = [row["outcome"] for row in xfer.open(str(site.study)).attempts().to_pylist()]
    assert outcomes.count("stopped") == 1 and outcomes.count("committed") == 4
    assert [steps for _, steps in studies.repeated_steps(site.study)] == [0]
    assert xfer.open(str(site.study)).cells()["state"].to_pylist() == ["done"]


def test_what_is_not_there_is_told_with_what_is(site: Site) -> None:
    for words in (("status", "nana"), ("watch", "nana"), ("logs", "nana"), ("stop", "nana")):
        said = site.xfer(*words, "--on", "here", code=2)
        assert "there is no run 'nana'" in said and "runs: nano" in said
    said = site.xfer("fetch", "study.yaml", "--on", "away", code=2)
    assert "/not/of/this/machine is a folder of the cluster's" in said


@pytest.mark.timeout(300)
def test_a_run_whose_lane_has_no_room_can_be_stopped(site: Site) -> None:
    other = site.study.read_text().replace("learning_rate: 1e-3", "learning_rate: 9e-4")  # not in the store
    wide = other.replace("study: nano", "study: wide").replace("default: {snap", "default: {ranks: 64, snap")
    (site.folder / "wide.yaml").write_text(wide)
    site.xfer("lock", "wide.yaml")
    site.xfer("run", "wide.yaml", "--on", "here", "--detach")
    with site.started("logs", "wide", "--on", "here", "-f") as following:
        until(following, lambda event: event["event"] == "lane" and event["ranks"] == 64)
        site.xfer("stop", "wide", "--on", "here")
        rest, _ = following.communicate(timeout=120)
    assert events(rest)[-1]["code"] == 130
    assert " stopped " in site.xfer("status", "wide", "--on", "here")
