"""Snapshots are written beside the steps: a slow store stalls none, a failing one is told, and the end waits."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="snapshots hold tensors")

from tests import world  # noqa: E402
from xfer.errors import StoreError  # noqa: E402
from xfer.models import load, spec  # noqa: E402
from xfer.models.base import Base  # noqa: E402
from xfer.models.spec import HeadSpec  # noqa: E402
from xfer.store import snapshots  # noqa: E402
from xfer.store.attempts import attempt_path  # noqa: E402
from xfer.store.store import Store  # noqa: E402
from xfer.training import snapshot  # noqa: E402
from xfer.training.progress import Progress  # noqa: E402
from xfer.training.saving import Saver  # noqa: E402

PHASE = "0123456789ab"
HEADS = [HeadSpec("xnli", "sequence", 3, ("a", "b", "c"))]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """A tiny model, and a process group of one."""
    folder = world.model(tmp_path_factory.mktemp("models") / "tiny", seed=0)
    torch.distributed.init_process_group("gloo", rank=0, world_size=1, store=torch.distributed.HashStore())
    yield Base(spec.read("tiny", folder, None), folder)
    torch.distributed.destroy_process_group()


class Engine:
    """What a saver asks of DeepSpeed's engine, at stage 0."""

    def __init__(self, base: Base) -> None:
        self.module = load.with_new_heads(base, base.folder, HEADS, 0.0, seed=1)
        self.optimizer = torch.optim.AdamW(self.module.parameters())
        self.device = torch.device("cpu")
        self.step()

    def step(self) -> None:
        """Change weights and moments."""
        for parameter in self.module.parameters():
            parameter.grad = torch.ones_like(parameter)
        self.optimizer.step()

    def zero_optimization(self) -> bool:
        return False

    def zero_optimization_stage(self) -> int:
        return 0

    def bfloat16_enabled(self) -> bool:
        return False

    def weights(self) -> dict[str, Any]:
        """As they are now."""
        return {name: parameter.detach().clone() for name, parameter in self.module.named_parameters()}


class Slow(Store):
    """Storage that writes nothing until it is let."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked, self.may = threading.Event(), threading.Event()

    def put(self, path: str, content: bytes | Path) -> None:
        self.asked.set()
        assert self.may.wait(60)
        super().put(path, content)


class Broken(Store):
    """Storage that cannot be written."""

    def put(self, path: str, content: bytes | Path) -> None:
        raise StoreError("storage does not work: it is broken", path)


def saver(store: Store, base: Base) -> Saver:
    return Saver(store, attempt_path(PHASE, 1), HEADS, base)


def steps(store: Store) -> list[int]:
    """Of the snapshots that are whole, the newest alone can be asked for; of the others their seals."""
    names = store.names(f"{attempt_path(PHASE, 1)}/snapshots")
    return sorted(int(name.split("/")[-2]) for name in names if name.endswith("snapshot.json"))


def test_a_slow_store_stalls_no_step_and_gets_what_was_there_when_it_was_taken(base: Base, tmp_path: Path) -> None:
    store, engine = Slow(str(tmp_path / "store")), Engine(base)
    with saver(store, base) as saving:
        before, progress = engine.weights(), Progress(step=4, tokens=7)
        saving.snapshot(engine, progress)
        assert store.asked.wait(60)
        for _ in range(3):
            engine.step()
        progress.step = 7
        assert steps(store) == []
        store.may.set()
    found = snapshots.newest(store, PHASE)
    assert found is not None and (found.step, found.loop["step"], found.loop["tokens"]) == (4, 4, 7)
    read = snapshot.tensors_of(store, found)
    assert read.keys() == {"weight", "exp_avg", "exp_avg_sq"}
    assert all(torch.equal(read["weight"][name], tensor) for name, tensor in before.items())


def test_at_most_one_is_on_its_way_and_the_last_ones_are_kept(base: Base, tmp_path: Path) -> None:
    store, engine = Slow(str(tmp_path / "store")), Engine(base)
    with saver(store, base) as saving:
        saving.snapshot(engine, Progress(step=1))

        def go_on() -> None:
            for step in (2, 3):
                saving.snapshot(engine, Progress(step=step))

        later = threading.Thread(target=go_on)
        later.start()
        assert store.asked.wait(60)
        assert not (Path(store.url) / attempt_path(PHASE, 1) / "snapshots/2").exists()
        store.may.set()
        later.join()
    assert steps(store) == [2, 3]


def test_what_goes_wrong_is_raised_by_the_next_call(base: Base, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="it is broken"), saver(Broken(str(tmp_path)), base) as saving:
        saving.snapshot(Engine(base), Progress(step=1))
        saving.snapshot(Engine(base), Progress(step=2))
        pytest.fail("the second had to wait for the first")


def test_what_goes_wrong_last_is_raised_at_the_end(base: Base, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="it is broken"), saver(Broken(str(tmp_path)), base) as saving:
        saving.snapshot(Engine(base), Progress(step=1))


def test_trouble_of_the_steps_is_told_before_trouble_of_the_store(base: Base, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), saver(Broken(str(tmp_path)), base) as saving:
        saving.snapshot(Engine(base), Progress(step=1))
        _ = 1 / 0


def test_a_checkpoint_is_whole_at_the_end_and_written_once_a_step(base: Base, tmp_path: Path) -> None:
    store, engine = Store(str(tmp_path)), Engine(base)
    with saver(store, base) as saving:
        first = saving.checkpoint(engine, 5)
        assert saving.kept is None
        assert saving.checkpoint(engine, 5, keep=True) == first
    assert saving.kept is not None and saving.kept.path == first
    with store.folder(first) as folder:
        read = dict(load.load_trained(folder).named_parameters())
    for weights in (engine.weights(), saving.kept.weights):
        assert read.keys() == weights.keys() and all(torch.equal(read[name], weights[name]) for name in read)
    assert not list(Path(store.url).rglob(".part-*"))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    folder.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    except OSError as error:
        pytest.skip(f"cannot make a small disk: {error}")
    if mounted.returncode:
        pytest.skip(f"cannot make a small disk: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("kind", ["snapshot", "checkpoint"])
def test_a_full_disk_is_told_with_what_is_needed_and_nothing_half_written_stays(
    base: Base, tmp_path: Path, kind: str
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        store, engine = Store(str(disk)), Engine(base)
        needed = sum(tensor.nbytes for tensor in engine.weights().values()) * (3 if kind == "snapshot" else 1)
        told = rf"{needed / 1e6:.1f} MB were to be written and 0\.1 MB are free"
        with pytest.raises(StoreError, match=told), saver(store, base) as saving:
            if kind == "snapshot":
                saving.snapshot(engine, Progress(step=1))
            else:
                saving.checkpoint(engine, 1)
        assert store.names("") == []
