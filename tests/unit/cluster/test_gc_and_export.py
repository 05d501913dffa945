"""``xfer gc`` and ``xfer export model`` as a user calls them, where torch and transformers cannot be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests import world
from xfer.store import dropping, parts, records, studies
from xfer.store.attempts import Attempt, Holder, attempt_path
from xfer.store.store import Store, as_json
from xfer.store.studies import Needs

PHASE, PARENT, UNNEEDED, OPEN = "0123456789ab", "012345aaaaaa", "cccccccccccc", "dddddddddddd"

XFER = """
import sys
for name in ("torch", "transformers", "ray", "deepspeed", "safetensors"):
    sys.modules[name] = None
from cluster.cli.main import main
main()
"""


def xfer(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command line on a machine without the training extra."""
    command = [sys.executable, "-c", XFER, *map(str, words)]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


def assert_mistake(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("xfer: ") and "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def opened(store: Store, phase: str) -> Attempt:
    store.create(f"{attempt_path(phase, 1)}/holder.json", as_json(Holder.me().__dict__))
    return Attempt(store, phase, 1)


def trained(store: Store, phase: str, steps: Mapping[str, int], start: Mapping[str, object]) -> None:
    """A committed phase with a real checkpoint for each rule."""
    attempt = opened(store, phase)
    made = {}
    for rule, step in steps.items():
        path = f"{attempt.path}/checkpoints/{step}"
        folder = world.model(Path(store.url) / path, seed=step)
        shapes = {"dense.weight": (32, 32), "dense.bias": (32,), "out.weight": (3, 32), "out.bias": (3,)}
        heads = {f"mnli.{name}": np.full(shape, step, np.float32) for name, shape in shapes.items()}
        save_file(heads, folder / "heads.safetensors", metadata={"format": "pt"})
        described = {"output": "sequence", "size": 3, "labels": list(world.NLI)}
        (folder / "heads.json").write_text(json.dumps({"mnli": described}))
        made[rule] = {"path": path, "step": step, "selected_by": "", "value": None}
    payload = {"trains_on": [["mnli", "en", "train", "c", "d", None, False]], "start": start, "recipe": {}, "seed": 11}
    assert records.commit(store, attempt, made, {"payload": payload})
    attempt.end("committed")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two studies that share a phase, a phase that none needs, one that somebody is training, and an evaluation."""
    store = Store(str(tmp_path / "runs"))
    trained(store, PARENT, {"last": 8}, {"model": "f1"})
    trained(store, PHASE, {"last": 8, "best-1": 4}, {"phase": PARENT, "rule": "last"})
    trained(store, UNNEEDED, {"last": 8}, {"model": "f1"})
    opened(store, OPEN)
    store.put(parts.part_path("g1", "n1"), b"table")
    parts.commit(store, "g1", "n1", ["e1"], "xnli")
    for name, phases in (("a", {PARENT: ("last",), PHASE: ("last",)}), ("b", {PHASE: ("last", "best-1")})):
        studies.declare(store, Needs(study=name, file="a.yaml", phases=phases, evaluations={}, experiments=()))
    return store


def test_gc_shows_what_is_garbage_and_deletes_nothing(store: Store, tmp_path: Path) -> None:
    before = store.names("")
    done = xfer("gc", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert lines[0] == ["what", "size", "reason"]
    assert {line[0]: line[3] for line in lines[1:3]} == dict.fromkeys(
        ("evaluations/g1", f"phases/{UNNEEDED}"), "no study needs it"
    )
    assert "1 evaluation, 1 phase: " in done.stdout and "nothing is deleted yet" in done.stdout
    assert f"left alone, because somebody may be training them (--wait finds out): {OPEN}\n" in done.stdout
    assert store.names("") == before


def test_gc_deletes_when_asked_and_tells_how_much_that_freed(store: Store) -> None:
    size = sum(
        store.size(name) or 0 for prefix in (f"phases/{UNNEEDED}", "evaluations") for name in store.names(prefix)
    )
    done = xfer("gc", store.url, "--delete")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"freed {size / 1e3:.1f} kB" in done.stdout.splitlines()
    assert store.children("phases") == [PHASE, PARENT, OPEN] and store.names("evaluations") == []
    again = xfer("gc", store.url, "--delete")
    assert again.returncode == 0 and again.stdout.startswith("nothing to delete; the list holds: a, b\n")


def test_gc_shows_the_effect_of_forgetting_a_study_and_sums_up_what_is_many(store: Store) -> None:
    for number in range(8):
        trained(store, f"{number:012d}", {"last": 1}, {"model": "f1"})
    done = xfer("gc", store.url, "--forget", "b")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("b is out of the list")
    assert f"phases/{PHASE}/selections/best-1.json" in done.stdout
    assert "and 4 other phases" in done.stdout and "9 phases, 1 selection: " in done.stdout
    assert studies.names(store) == ["a"] and store.names(f"phases/{PHASE}/selections") != []
    assert xfer("gc", store.url, "--delete").returncode == 0
    assert store.names(f"phases/{PHASE}/selections") == [records.selection_path(PHASE, "last")]


def test_gc_does_not_guess(store: Store, tmp_path: Path) -> None:
    before = store.names("")
    assert_mistake(xfer("gc", tmp_path / "gone"), f"{tmp_path / 'gone'}: there is no such storage")
    assert_mistake(xfer("gc", store.url, "--forget", "c", "--delete"), "no study c in the list", "it lists: a, b")
    store.put("studies/c.json", b"{")
    assert_mistake(xfer("gc", store.url, "--delete"), "what study c needs", "--forget c")
    store.delete("studies/c.json")
    assert store.names("") == before
    studies.forget(store, "b")
    assert_mistake(xfer("gc", store.url, "--forget", "a", "--delete"), "a is the only study in the list")
    studies.forget(store, "a")
    assert_mistake(xfer("gc", store.url, "--delete"), "list of studies is empty", "run every study")
    assert store.names("") == [name for name in before if not name.startswith("studies/")]


@pytest.mark.parametrize(
    ("key", "step"), [("0123456/last", 8), ("0123456/best", 4), (f"{PHASE}/best-1", 4), (PARENT, 8)]
)
def test_export_writes_the_selection_that_is_meant(store: Store, tmp_path: Path, key: str, step: int) -> None:
    done = xfer("export", "model", key, tmp_path / "mine", "--storage", store.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path / 'mine'}: AutoModelForSequenceClassification (phase 012345")
    assert done.stdout.endswith(f"step {step})\n")
    weights = load_file(tmp_path / "mine" / "model.safetensors")
    assert float(weights["classifier.out_proj.bias"][0]) == step
    card = (tmp_path / "mine" / "README.md").read_text()
    assert f"| `{PARENT}` | mnli (en, train) | 11 |" in card and "fingerprint `f1`" in card


def test_export_says_what_to_do_where_weights_were_dropped(store: Store, tmp_path: Path) -> None:
    dropping.drop(store, PHASE, ["last"], "study b has done with them, and keeps weights: none", set)
    done = xfer("export", "model", f"{PHASE}/last", tmp_path / "mine", "--storage", store.url)
    assert_mistake(
        done, f"{store.url}: the weights of phase {PHASE} by last are not here: study b has done with them",
        f"copy {attempt_path(PHASE, 1)}/checkpoints/8 from there", "keep: {weights: all}",
        f"delete phases/{PHASE}/selections/last.json",
    )  # fmt: skip
    assert len(done.stderr.splitlines()) == 2 and not (tmp_path / "mine").exists()
    assert xfer("export", "model", f"{PHASE}/best", tmp_path / "mine", "--storage", store.url).returncode == 0


def test_export_does_not_guess(store: Store, tmp_path: Path) -> None:
    def export(key: str, folder: str = "mine") -> subprocess.CompletedProcess[str]:
        return xfer("export", "model", key, tmp_path / folder, "--storage", store.url)

    assert_mistake(export("fff"), "no phase has a key that begins with 'fff'", "xfer plan")
    assert_mistake(export("012345"), "2 phases have a key that begins with '012345'", PHASE, PARENT)
    assert_mistake(export(PHASE), "2 selections", f"{PHASE}/best-1", f"{PHASE}/last")
    assert_mistake(export(f"{PHASE}/first"), "no selections that begin with 'first'", f"{PHASE}/last")
    assert_mistake(export(OPEN), f"phase {OPEN} is not complete")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert_mistake(export(PARENT, "full"), "there is something already", str(tmp_path / "full"))
    (Path(store.url) / attempt_path(PARENT, 1) / "checkpoints" / "8" / "config.json").write_text("{}")
    assert_mistake(export(PARENT), f"phase {PARENT} is damaged", "config.json")
    assert_mistake(xfer("export", "model", PHASE, tmp_path / "mine", cwd=tmp_path / "full"), "no such storage", "runs")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "runs"]
