"""A study whose storage is a bucket: its driver is killed, it goes on, and ends with what a folder would hold."""

from __future__ import annotations

import csv
import io
import os
import tarfile
from pathlib import Path

import psutil
import pytest

import xfer
from jobs import inputs
from tests.integration import studies
from tests.integration.object_store import Bucket
from tests.integration.studies import EVERY, GENERATED
from tests.world import World
from xfer.store import tables
from xfer.store.arrival import receive
from xfer.store.store import Store

pytestmark = pytest.mark.integration

KILLED = 2 * EVERY + 1
"""The step of the first phase at which the driver dies, or the next that it tells."""

LEFT_OUT = ("tune:", "  - {{name: mix", "  - world_tagging")


def written(folder: Path, storage: str) -> Path:
    """A small part of the study, one seed of it, with a storage of its own."""
    lines = [line for line in GENERATED.splitlines() if not line.startswith(LEFT_OUT)]
    text = "\n".join(lines).replace("seeds: [1, 2]", "seeds: [1]").replace("steps: 200", "steps: 20")
    folder.mkdir(parents=True)
    path = folder / "study.yaml"
    path.write_text(text.format(storage=storage, steps=40, every=EVERY) + "\n")
    return path


@pytest.fixture(scope="module")
def near(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("near")
    study = written(folder / "study", str(folder / "runs"))
    done = studies.xfer_cli(small_world, "run", str(study))
    assert done.returncode == 0, done.stdout + done.stderr
    return study


@pytest.fixture(scope="module")
def far(bucket: Bucket, small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Killed while it pretrains, and run again."""
    study = written(tmp_path_factory.mktemp("far") / "study", f"{bucket.url}/study")
    with studies.start(small_world, study) as job:
        for event in studies.events(job):
            if event["event"] == "step" and event["step"] >= KILLED:
                studies.kill_the_driver(psutil.Process(job.pid))
                break
        else:
            pytest.fail("it ended before its turn came")
    done = studies.xfer_cli(small_world, "run", str(study))
    assert done.returncode == 0, done.stdout + done.stderr
    return study


def test_the_tables_are_those_of_the_same_study_in_a_folder(far: Path, near: Path) -> None:
    expected = studies.tables(near)
    assert expected["scores"] and studies.differences(studies.tables(far), expected) == []


def test_at_most_one_snapshot_interval_was_done_again(far: Path) -> None:
    found = xfer.open(str(far)).attempts().to_pylist()
    (pretrain,) = (row["phase"] for row in xfer.open(str(far)).phases().to_pylist() if "pretrain" in row["roles"])
    killed, last = (row for row in found if row["phase"] == pretrain)
    assert (killed["outcome"], last["outcome"]) == ("lost", "committed")
    assert last["first_step"] >= KILLED - EVERY
    assert {row["outcome"] for row in found if row["phase"] != pretrain} == {"committed"}


def test_the_same_command_again_trains_nothing_and_starts_nobody(far: Path, small_world: World) -> None:
    done = studies.xfer_cli(small_world, "run", str(far))
    assert done.returncode == 0, done.stderr
    assert "; 0 steps to do" in done.stdout and "lane" not in done.stdout


def test_who_looks_reads_the_bucket(far: Path, near: Path, small_world: World, bucket: Bucket, tmp_path: Path) -> None:
    def said(*words: str) -> str:
        done = studies.xfer_cli(small_world, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "4 phases, 0 to train" in said("plan", str(far))
    ours, theirs = (
        list(csv.DictReader(io.StringIO(said("results", str(study), "--format", "csv")))) for study in (far, near)
    )
    assert ours and [row["phase"] for row in ours] == [row["phase"] for row in theirs]
    assert "nothing to delete" in said("gc", f"{bucket.url}/study")
    said("export", "model", ours[0]["phase"], str(tmp_path / "model"), "--storage", f"{bucket.url}/study")
    assert (tmp_path / "model" / "config.json").is_file()


def test_its_tables_come_here_in_one_archive(far: Path, bucket: Bucket, tmp_path: Path) -> None:
    here = written(tmp_path / "study", str(tmp_path / "runs"))
    here.with_name("study.lock.json").write_bytes(far.with_name("study.lock.json").read_bytes())
    with (tmp_path / "archive").open("wb") as stream:
        tables.pack(Store(f"{bucket.url}/study"), "nano", stream)
    assert tables.unpack(tmp_path / "archive", Store(str(tmp_path / "runs"))) > 20
    assert studies.differences(studies.tables(here), studies.tables(far)) == []


def test_what_no_study_needs_goes_from_the_bucket(far: Path, small_world: World, bucket: Bucket) -> None:
    store = Store(f"{bucket.url}/study")
    store.put("phases/0123456789ab/attempts/1/checkpoints/8/weights", b"w" * 1000)
    store.put("phases/0123456789ab/attempts/1/outcome.json", b"{}")
    before = store.names("")
    done = studies.xfer_cli(small_world, "gc", f"{bucket.url}/study", "--delete")
    assert done.returncode == 0 and "freed 1.0 kB" in done.stdout, done.stdout + done.stderr
    assert store.names("") == [name for name in before if "0123456789ab" not in name]
    assert "0123456789ab" not in store.children("phases")


def test_data_of_the_users_machine_come_by_the_bucket(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train [1].parquet").write_bytes(b"rows")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(tmp_path / "train [1].parquet", "inputs/0123/org/name/train [1].parquet")
    packed.seek(0)
    receive(packed, Store(f"{bucket.url}/pushed"))
    monkeypatch.setattr(inputs, "FOLDER", tmp_path / "inputs")
    monkeypatch.setenv("XFER_STORAGE", f"{bucket.url}/pushed")
    monkeypatch.setenv("XFER_INPUTS", '{"XFER_DATA": ["0123"]}')
    monkeypatch.setenv("XFER_DATA", "/data")
    inputs.find_inputs()
    assert os.environ["XFER_DATA"] == f"{tmp_path}/inputs/0123{os.pathsep}/data"
    assert (tmp_path / "inputs/0123/org/name/train [1].parquet").read_bytes() == b"rows"
