"""``xfer export xtreme`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cluster.cli.export_xtreme import xtreme
from tests.unit.cluster.test_cli import xfer
from tests.unit.reports import benchmark, predicted
from tests.unit.study.made import text
from xfer.errors import UserError
from xfer.study import lock as locks


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three targets that has predicted everything, with lock, store and data; nobody writes there."""
    folder = tmp_path_factory.mktemp("study")
    data = predicted.data(folder / "data")
    found = predicted.opened(folder, data, targets="[xnli, squad, tatoeba]", storage=str(folder / "runs"))
    locks.write(locks.path_of(folder / "study.yaml"), found.lock)
    predicted.predict_all(found)
    return folder


def test_it_writes_what_the_benchmark_takes_and_says_what_that_is(folder: Path, tmp_path: Path) -> None:
    made, data = tmp_path / "made", folder / "data"
    done = xfer("export", "xtreme", folder / "study.yaml", made, "--data", data, "--arm", "tatoeba=snli")
    assert (done.returncode, done.stderr) == (0, "")
    names = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()}
    files = {str(benchmark.path(Path(), task, code)) for task, code in (
        ("xnli", "en"), ("xnli", "ar"), ("tatoeba", "de"), ("tatoeba", "ar"),
    )}  # fmt: skip
    assert names == files | {"submission.json"} and [path.name for path in tmp_path.iterdir()] == ["made"]
    table, _, rest = done.stdout.partition("\n\n")
    header, xnli, tatoeba = (line.split() for line in table.splitlines())
    assert header == ["task", "arm", "seed", "checkpoint", "chosen", "on", "score", "languages"]
    about = json.loads((made / "submission.json").read_text())
    phases = [about["tasks"][task]["checkpoint"]["phase"] for task in ("xnli", "tatoeba")]
    assert xnli == f"xnli mnli 12 {phases[0]}, step 8 (last) validation/en 80.0 2 of 15".split()
    assert tatoeba == f"tatoeba snli 11 {phases[1]}, step 8 (last) named 2 of 36".split()
    assert rest.splitlines() == [
        "xnli: the benchmark's test has 5010 rows in each language; here it is ar 5, en 5",
        "xnli: missing languages: bg de el es fr hi ru sw th tr ur vi zh",
        "tatoeba: missing languages: af bg bn el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw"
        " ta te th tl tr ur vi zh",
        *(f"missing task: {t} (no target of the study)" for t in ("udpos", "panx", "pawsx", "xquad", "mlqa", "tydiqa")),
        "missing task: bucc2018 (no target of the study)",
        "targets that are left out: squad",
        f"{made}: 2 of 9 tasks of XTREME, not complete",
    ]


def test_it_does_not_guess_and_then_writes_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, good = tmp_path / "made", folder / "study.yaml"

    def mistake(study: Path, *arms: str, model: str | None = None) -> str:
        with pytest.raises(UserError) as raised:
            xtreme(study, made, arm=list(arms), model=model)
        return str(raised.value)

    monkeypatch.delenv("XFER_DATA", raising=False)
    assert "tatoeba-bitext-mining (ara-eng, test): no data root holds it" in mistake(good)
    monkeypatch.setenv("XFER_DATA", str(folder / "data"))
    assert f"{tmp_path / 'gone.yaml'}: there is no such file" in mistake(tmp_path / "gone.yaml")
    assert f"{good}: the study has no arm 'mnlu'\n  -> did you mean mnli" in mistake(good, "mnlu")
    assert f"{good}: the study has no target 'panx' that XTREME has, too" in mistake(good, "panx=mnli")
    assert mistake(good, "none", "mnli").startswith("--arm mnli: there are two arms for all targets")
    assert mistake(good, "xnli=none", "xnli=none").startswith("--arm xnli=none: there are two arms for xnli")
    assert f"{good}: the study has no model 'big'" in mistake(good, model="big")
    new = tmp_path / "study.yaml"
    new.write_text(text(storage=str(tmp_path / "runs"), targets="[xnli, squad, tatoeba]"))
    assert "the study has no lock" in mistake(new)
    locks.path_of(new).write_text(locks.path_of(good).read_text())
    assert f"{new}: nothing is predicted yet that XTREME asks for\n  -> xfer run {new}" in mistake(new)
    assert not made.exists()


def test_a_folder_with_something_in_it_is_left_as_it_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XFER_DATA", str(folder / "data"))
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="made: there is something already\n  -> give a new folder"):
        xtreme(folder / "study.yaml", tmp_path / "made")
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "mine.txt"]
