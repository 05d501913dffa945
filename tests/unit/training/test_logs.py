"""Logs for TensorBoard: what curves get is in the file at once, and no trouble with it ends a phase."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("tensorboardX", reason="logs are TensorBoard's")

from tests.tensorboard import points
from tests.unit.store.attempting import another_attempt
from xfer.errors import StoreError
from xfer.store import garbage, studies
from xfer.store.store import Store
from xfer.store.studies import Needs
from xfer.training.logs import Logs
from xfer.training.progress import Progress

PHASE = "0123456789ab"


def train(logs: Logs, progress: Progress, steps: int = 3) -> None:
    """Steps of which each gives a point of the loss, the last a metric, too."""
    first = progress.step
    for step in range(first + 1, first + steps + 1):
        progress.step, progress.tokens, progress.seconds = step, step * 100, step * 0.5
        progress.curves.append([step, "mnli", "en", "loss", 1 / step])
        if step == first + steps:
            progress.curves.append([step, "mnli", "en", "accuracy", 0.5])
        logs.follow(progress, 1e-3)


def test_loss_rate_speed_and_metrics_are_there_while_it_trains(tmp_path: Path) -> None:
    with Logs(Store(str(tmp_path)), PHASE, 2, Progress()) as logs:
        train(logs, Progress())
        found = points(tmp_path / "tensorboard" / PHASE / "attempt-2")
    values = {(step, name): value for step, name, value in found}
    assert {step for step, _ in values} == {1, 2, 3}
    assert values[2, "loss/mnli/en"] == pytest.approx(0.5) and values[3, "accuracy/mnli/en"] == pytest.approx(0.5)
    assert values[1, "learning_rate"] == pytest.approx(1e-3) and values[3, "tokens_per_second"] == pytest.approx(200)


def test_who_goes_on_logs_only_what_is_new(tmp_path: Path) -> None:
    before = Progress(step=2, curves=[[1, "mnli", "en", "loss", 1.0], [2, "mnli", "en", "loss", 0.9]])
    with Logs(Store(str(tmp_path)), PHASE, 3, before) as logs:
        before.step = 3
        before.curves.append([3, "mnli", "en", "loss", 0.8])
        logs.follow(before, 1e-3)
        logs.follow(before, 1e-3)
    assert [point[:2] for point in points(tmp_path) if point[1].startswith("loss")] == [(3, "loss/mnli/en")]


class Bucket(Store):
    """A folder that is only reached by ``put``."""

    broken = False

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._there, self.is_folder = Store(url), False

    def put(self, path: str, content: bytes | Path) -> None:
        if self.broken:
            raise StoreError("the storage does not answer", path)
        self._there.put(path, content)


def test_a_bucket_gets_them_when_they_are_put(tmp_path: Path) -> None:
    progress = Progress()
    with Logs(Bucket(str(tmp_path)), PHASE, 1, progress) as logs:
        train(logs, progress)
        assert points(tmp_path) == []
        logs.put()
        once = points(tmp_path)
        train(logs, progress)
        logs.put()
    assert len(points(tmp_path)) > len(once) > 0


def test_trouble_ends_the_logs_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    with Logs(Store(str(tmp_path)), PHASE, 1, Progress()) as logs:
        train(logs, Progress())
        logs.put()
    bucket = Bucket(str(tmp_path / "bucket"))
    bucket.broken, progress = True, Progress()
    with Logs(bucket, PHASE, 1, progress) as logs:
        train(logs, progress)
        logs.put()
        train(logs, progress)


def test_a_point_costs_less_than_a_millisecond(tmp_path: Path) -> None:
    with Logs(Store(str(tmp_path)), PHASE, 1, Progress()) as logs:
        began = time.process_time()
        train(logs, Progress(), steps=200)
        assert time.process_time() - began < 0.2


def test_they_are_no_garbage(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    another_attempt(store).end("lost")
    studies.declare(store, Needs(study="other", file="other.yaml", phases={}, evaluations={}, experiments=()))
    with Logs(store, PHASE, 1, Progress()) as logs:
        train(logs, Progress())
    garbage.sweep(store, garbage.find(store))
    assert points(tmp_path) and not store.names(f"phases/{PHASE}")
