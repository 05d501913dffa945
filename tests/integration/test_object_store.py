"""The store means the same in a folder and in a bucket; and a bucket that cannot be used is told at once."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import obstore
import pytest

from tests.integration import object_store, studies
from tests.integration.object_store import Bucket
from tests.unit.store.attempting import PHASE, open_attempt
from tests.world import World
from xfer.errors import StoreError
from xfer.store import attempts, records, snapshots
from xfer.store.attempts import Attempt, Holder, latest
from xfer.store.bucket import PART
from xfer.store.store import Store, as_json

pytestmark = pytest.mark.integration

ODD = (
    "a b",
    "ü/日本",
    "a+b",
    "a%20b",
    "100%",
    "a#b",
    "a?b&c=d",
    "[x]{y}",
    "~t",
    "a:b",
    "it's",
    'a"b',
    "a\\b",
    "a*",
    "<v>",
)


RACER = """
import sys
from xfer.store.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(*[turn for turn in range(150) if store.create(f"race/{turn}", sys.argv[2].encode())])
"""


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Store(str(tmp_path / "store"))
    return Store(f"{request.getfixturevalue('bucket').url}/{tmp_path.name}")


@pytest.fixture
def far(bucket: Bucket, tmp_path: Path) -> Store:
    return Store(f"{bucket.url}/{tmp_path.name}")


def test_what_is_written_is_there_whole_and_create_touches_nothing(store: Store) -> None:
    store.require_writable()
    assert store.names("") == []
    assert store.create("a/b", b"first") and not store.create("a/b", b"second")
    assert (store.get("a/b"), store.size("a/b")) == (b"first", 5)
    store.put("a/b", b"the third")
    assert (store.get("a/b"), store.sizes("")) == (b"the third", {"a/b": 9})
    assert store.digest("a/b") == (9, hashlib.sha256(b"the third").hexdigest())
    for path in ("nothing", "a", "a/bc"):
        assert (store.get(path), store.size(path), store.digest(path)) == (None, None, None)
    with pytest.raises(StoreError):
        store.copy("nothing", Path(os.devnull))


def test_of_processes_that_create_one_object_exactly_one_wins(store: Store) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, store.url, str(me)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for me in range(6)
    ]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [[int(turn) for turn in racer.communicate(timeout=60)[0].split()] for racer in racers]
    assert sorted(turn for turns in won for turn in turns) == list(range(150))
    assert all(store.get(f"race/{turn}") == str(me).encode() for me, turns in enumerate(won) for turn in turns)


def test_names_children_and_deletion_stop_at_path_segments(store: Store) -> None:
    for path in ("p/10/x", "p/2/y/z", "p/2/a", "p/file", "pq/1/x"):
        store.put(path, b"")
    assert store.names("p") == ["p/10/x", "p/2/a", "p/2/y/z", "p/file"]
    assert (store.children("p"), store.children("p/2"), store.children("none")) == (["10", "2"], ["y"], [])
    store.delete("p/2/a", "p/2/a", "nothing")
    assert store.names("p/2") == ["p/2/y/z"]
    store.move("p/file", "pq/1/x")
    store.move("nothing", "p/10/x")
    assert store.names("") == ["p/10/x", "p/2/y/z", "pq/1/x"]


@pytest.mark.parametrize("name", ODD)
def test_whatever_a_file_is_called_it_comes_back(store: Store, name: str, tmp_path: Path) -> None:
    store.put(f"inputs/{name}", name.encode())
    assert store.names("inputs") == [f"inputs/{name}"]
    assert store.get(f"inputs/{name}") == name.encode()
    assert not store.create(f"inputs/{name}", b"")
    with store.folder("inputs") as folder:
        assert (folder / name).read_text() == name
    store.delete(f"inputs/{name}")
    assert store.names("") == []


def test_a_file_of_many_parts_arrives_and_is_copied_piece_by_piece(store: Store, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(2 * PART + 12345))
    for path, content in (("c/big", big), ("c/deep/bytes", big.read_bytes()), ("cd", b"not below the folder")):
        store.put(path, content)
    expected = (big.stat().st_size, hashlib.sha256(big.read_bytes()).hexdigest())
    assert store.digest("c/big") == expected == store.digest("c/deep/bytes")
    with store.folder("c") as folder:
        found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        assert found == ["big", "deep/bytes"]
        assert (folder / "big").read_bytes() == big.read_bytes()
    assert folder.exists() == store.is_folder
    store.copy("c/big", tmp_path / "new" / "copy")
    assert (tmp_path / "new" / "copy").read_bytes() == big.read_bytes()


class Unread(Store):
    """A store of which nothing large is fetched."""

    def _pieces(self, path: str) -> Iterator[bytes]:
        raise AssertionError(f"{path} was fetched")


def test_a_bucket_tells_the_checksum_that_came_with_an_object_but_one_put_there_by_others_is_read(far: Store) -> None:
    far.put("a", b"ours")
    far.move("a", "b")
    expected = (4, hashlib.sha256(b"ours").hexdigest())
    assert Unread(far.url).digest("b") == expected
    obstore.put(far._objects, "c", b"ours")
    assert far.digest("c") == expected


def held_elsewhere(store: Store, attempt: Attempt) -> Attempt:
    """The attempt, as if its holder were on another machine."""
    store.put(f"{attempt.path}/holder.json", as_json(asdict(replace(Holder.me(), boot="another boot"))))
    return attempt


def test_a_silent_holder_is_taken_over_and_its_late_commit_refused(far: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "BEAT", 0.02)
    monkeypatch.setattr(attempts, "LEASE", 1.0)

    def patient(seconds: float) -> bool:
        time.sleep(seconds)
        return time.monotonic() > ends

    first = open_attempt(far, PHASE, lambda seconds: True, lambda: False)
    assert first is not None
    held_elsewhere(far, first).start(0)
    ends = time.monotonic() + 2
    assert open_attempt(Store(far.url), PHASE, patient, lambda: False) is None, "it beats"
    far.put(f"{first.path}/snapshots/4/state.safetensors", b"tensors")
    snapshots.seal(far, first.path, 4, {"rules": []})
    first._stop.set()
    ends = time.monotonic() + 20
    second = open_attempt(Store(far.url), PHASE, patient, lambda: False)
    assert second is not None and second.number == 2 == latest(far, PHASE)
    found = snapshots.newest(far, PHASE)
    assert found is not None and (found.step, found.path) == (4, f"{first.path}/snapshots/4")
    before = far.names("")
    assert not records.commit(far, first, {}, {}) and far.names("") == before
    for attempt in (first, second):
        far.put(f"{attempt.path}/checkpoints/8/weights", b"weights")
    assert records.commit(far, second, {"last": {"path": f"{second.path}/checkpoints/8", "step": 8}}, {})
    assert records.read(Unread(far.url), records.selection_path(PHASE, "last"))[1] is None
    far.put(f"{second.path}/checkpoints/8/weights", b"WEIGHTS")
    problem = records.read(far, records.selection_path(PHASE, "last"))[1]
    assert problem is not None and "checksum" in problem
    first.end("refused")


def test_of_those_who_open_an_attempt_at_once_one_gets_it(far: Store) -> None:
    opened: list[int] = []
    start = threading.Barrier(8)

    def race() -> None:
        mine = Store(far.url)
        start.wait()
        attempt = open_attempt(mine, PHASE, lambda seconds: bool(opened), lambda: False)
        if attempt is not None:
            opened.append(attempt.number)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [1]


def spoilt(problem: str, bucket: Bucket, stack: ExitStack) -> tuple[str, Bucket, str]:
    """An address, what is in the environment, and what the error should say."""
    if problem == "no bucket":
        return "s3://xfer-has-no-such-bucket/runs", bucket, "there is no such bucket"
    if problem == "refused":
        return bucket.url, bucket.at(stack.enter_context(object_store.refusing())), "refuses (InvalidAccessKeyId"
    if problem == "silent":
        return bucket.url, bucket.at(stack.enter_context(object_store.silent())), "does not answer"
    if problem == "nobody there":
        return bucket.url, bucket.at(f"http://127.0.0.1:{object_store.free_port()}"), "does not answer"
    if problem == "no address":
        return bucket.url, bucket.at("minio:9000"), "AWS_ENDPOINT_URL is no address"
    return "s4://bucket/runs", bucket, "no storage has such an address"


@pytest.mark.parametrize("problem", ["no bucket", "refused", "silent", "nobody there", "no address", "no kind"])
def test_a_bucket_that_cannot_be_used_is_one_error_within_seconds_and_before_any_worker(
    bucket: Bucket, small_world: World, tmp_path: Path, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        url, place, expected = spoilt(problem, bucket, stack)
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        study = tmp_path / "study.yaml"
        study.write_text(studies.GENERATED.format(storage=url, steps=20, every=10))
        began = time.monotonic()
        done = studies.xfer_cli(small_world, "run", str(study))
        assert time.monotonic() - began < 25
        said = done.stdout + done.stderr
        assert done.returncode == 2 and expected in said and said.count("  -> ") == 1 and url in said, said
        assert "lane" not in said and "Traceback" not in said, said
        looked = studies.xfer_cli(small_world, "gc", url) if problem != "silent" else done
        assert looked.returncode == 2 and expected in looked.stdout + looked.stderr
    assert not list(tmp_path.glob("*.lock.json"))
