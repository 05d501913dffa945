"""A submission to XTREME: what the benchmark reads there, and that nothing wrong gets into it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.reports import benchmark, predicted
from tests.unit.reports.predicted import ANSWERS, ARABIC, ENGLISH, LANGUAGES
from tests.unit.tasks import toy
from xfer.errors import DataError, XferError
from xfer.reports.submission import EVERY, Submission, submission
from xfer.reports.views import Views
from xfer.reports.xtreme import METRICS
from xfer.reports.xtreme_files import LAYOUTS
from xfer.results.parts import from_parquet, to_parquet
from xfer.store import parts
from xfer.study.opening import Opened
from xfer.tasks.data import DataRoots
from xfer.tasks.formats.base import IGNORE, Outputs
from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.registry import SHIPPED
from xfer.tasks.text import TextEncoder


def written(made: Submission, folder: Path) -> Path:
    for path, content in made.files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_the_catalog_has_the_benchmarks_languages_and_what_its_files_go_by() -> None:
    ours = {layout.folder: " ".join(sorted(SHIPPED.get(name).languages)) for name, layout in LAYOUTS.items()}
    assert ours == benchmark.LANGUAGES and set(LAYOUTS) == set(METRICS)
    tasks = {name: SHIPPED.get(name) for name, layout in LAYOUTS.items() if layout.reads}
    columns = {name: {"id": task.id, **task.columns}.get(LAYOUTS[name].reads) for name, task in tasks.items()}
    assert columns == {**dict.fromkeys(("xquad", "mlqa", "tydiqa", "bucc"), "id"), "tatoeba": "sentence2"}


def test_what_the_benchmark_reads_scores_as_the_study_does(opened: Opened, roots: DataRoots, tmp_path: Path) -> None:
    made = submission(opened, roots, {EVERY: "mnli"})
    folder = written(made, tmp_path)
    rows = [row for row in Views(opened.plan, opened.store).scores().to_pylist() if row["major"]]
    for one in made.handed:
        task, run = one.target, one.chosen.run
        split = "validation" if task == "tydiqa" else "test"
        ours = {
            row["language"]: row["value"]
            for row in rows
            if (row["target"], row["arm"], row["seed"], row["split"]) == (task, run.arm, run.seed, split)
        }
        theirs = {
            code: benchmark.score(
                folder, one.layout.folder, code, predicted.gold(task, code),
                ENGLISH[code] if task == "tatoeba" else predicted.ids(task, code),
            )
            for code in LANGUAGES[task]
        }  # fmt: skip
        assert theirs == pytest.approx(ours) and 0 < min(ours.values()) < 1, task
    names = {str(path.relative_to(folder)) for path in folder.rglob("*.*")}
    wanted = {str(benchmark.path(Path(), LAYOUTS[task].folder, code)) for task in LANGUAGES for code in LANGUAGES[task]}
    assert names == wanted | {"submission.json"}


def test_answers_are_the_predicted_ones_letter_by_letter(opened: Opened, roots: DataRoots) -> None:
    files = submission(opened, roots, {EVERY: "mnli", "xquad": "none"}).files()
    for task, wrong in (("xquad", 0), ("mlqa", 3)):
        for code in ("en", "ar"):
            answers = predicted.predicted(task, code, wrong)
            found = json.loads(files[f"{task}/test-{code}.json"])
            assert found == dict(zip(predicted.ids(task, code), [answer for (answer,) in answers], strict=True))
    assert json.loads(files["mlqa/test-ar.json"])["mlqa-ar-0"] == ""
    assert json.loads(files["xquad/test-ar.json"])["xquad-ar-0"] == ARABIC
    assert json.loads(files["xquad/test-en.json"])["xquad-en-1"] == ANSWERS["en"][1][0] == "a\ttab"


def test_lines_look_as_the_benchmark_has_them(opened: Opened, roots: DataRoots) -> None:
    files = submission(opened, roots, {EVERY: "none"}).files()
    assert files["udpos/test-ar.tsv"] == b"ADJ\nADJ\n\nX\n\nVERB\nADV\nPUNCT\n\nSYM\n\nNOUN\nNOUN\n"
    assert files["xnli/test-en.tsv"] == b"contradiction\nentailment\ncontradiction\nneutral\nentailment\n"
    assert files["pawsx/test-de.tsv"].split() == [b"0", b"0", b"0", b"1", b"1"]
    assert files["bucc2018/test-de.tsv"] == b"de-0\ten-3\nde-2\ten-1\nde-3\ten-2\nde-3\ten-9\nde-4\ten-7\n"
    assert files["tatoeba/test-de.tsv"].split() == [b"1", b"3", b"2", b"0", b"4"]
    assert files["tatoeba/test-ar.tsv"].split() == [b"3", b"4", b"2", b"1", b"0"]


def test_a_sentence_that_was_cut_into_windows_is_one_sentence_again(roots: DataRoots, tmp_path: Path) -> None:
    found = predicted.opened(tmp_path, roots, arms="[none]", seeds="[11]", targets="[udpos]")
    task = SHIPPED.get("udpos")
    words = [["a"], ["abcd", "ab", "c", toy.NOTHING, "dddd"] * 6, ["b", "c"], ["d"], ["a", "b"]]
    tags = [[task.labels[(row + at) % 17] for at in range(len(sentence))] for row, sentence in enumerate(words)]
    numbers = pa.array(range(5), pa.int32())
    rows = pa.table({"example": numbers, "cluster": numbers, "tokens": words, "tags": tags})
    encoded = Tagging().encode(task, rows, TextEncoder(toy.tokenizer(), 12))
    assert encoded.num_rows > len(words)
    targets = (np.array([at for at in line if at != IGNORE], np.int32) for line in encoded["targets"].to_pylist())
    answers = Tagging().decode(task, rows, encoded, Outputs(choices=tuple(targets)))["prediction"].to_pylist()
    for evaluation in found.plan.evaluations.values():
        predicted.predict(found, evaluation, answers, tags)
    folder = written(submission(found, roots, {}), tmp_path / "made")
    assert benchmark.sentences(benchmark.path(folder, "udpos", "ar")) == tags


def test_data_that_have_changed_since_are_not_read_for_ids(roots: DataRoots, tmp_path: Path) -> None:
    root = tmp_path / "data"
    predicted.data(root)
    found = predicted.opened(tmp_path, DataRoots((root,)), targets="[xquad]", arms="[none]")
    predicted.predict_all(found)
    submission(found, roots, {})
    predicted.rename(root, "xquad", "ar", ["a", "b", "c", "d", "e"])
    with pytest.raises(
        DataError, match=r"google/xquad \(xquad\.ar, validation\): this is no longer what was predicted"
    ):
        submission(found, DataRoots((root,)), {})
    with pytest.raises(DataError, match="no data root holds it"):
        submission(found, DataRoots(), {})


def test_ids_that_are_there_twice_get_numbers_and_that_is_said(tmp_path: Path) -> None:
    predicted.data(tmp_path / "data")
    predicted.rename(tmp_path / "data", "xquad", "ar", ["a", "b", "b", "d", "e"])
    roots = DataRoots((tmp_path / "data",))
    found = predicted.opened(tmp_path, roots, targets="[xquad]", arms="[none]")
    predicted.predict_all(found)
    made = submission(found, roots, {})
    assert list(json.loads(made.files()["xquad/test-ar.json"])) == ["a", "b", "b-2", "d", "e"]
    (one,) = made.handed
    assert any("not the benchmark's own data" in note for note in one.notes)


def test_predictions_that_are_gone_or_doubled_are_not_handed_in(roots: DataRoots, tmp_path: Path) -> None:
    found = predicted.opened(tmp_path, roots, targets="[pawsx]", arms="[none]", seeds="[11]")
    predicted.predict_all(found)
    key = next(key for key, of in found.plan.evaluations.items() if of.data.split == "test")
    path = parts.part_path(found.plan.evaluations[key].group, key)
    table = from_parquet(found.store.get(path) or b"")
    for rows, what in (
        (pa.concat_tables([table, table]), "10 predictions for 5"),
        (table.slice(0, 0), "0 predictions"),
        (None, "0 predictions"),
    ):
        found.store.delete(path) if rows is None else found.store.put(path, to_parquet(rows))
        with pytest.raises(XferError, match=f"evaluation {key} has {what}.*\\n  -> run the study again"):
            submission(found, roots, {})
