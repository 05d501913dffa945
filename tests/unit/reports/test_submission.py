"""A submission to XTREME: what the benchmark reads there, which run it is of, and what it says of itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.reports import benchmark, predicted
from tests.unit.reports.predicted import ANSWERS, ARABIC, ENGLISH, LANGUAGES, STEP, WRONG
from tests.unit.tasks import toy
from xfer.errors import DataError, UserError, XferError
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


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> DataRoots:
    return predicted.data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, roots: DataRoots) -> Opened:
    """All nine targets, everything predicted; tests do not write into it."""
    found = predicted.opened(tmp_path_factory.mktemp("study"), roots)
    predicted.predict_all(found)
    return found


def written(made: Submission, folder: Path) -> Path:
    for path, content in made.files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def about(made: Submission) -> dict[str, Any]:
    return dict(json.loads(made.files()["submission.json"]))


def runs(made: Submission) -> dict[str, tuple[str, int | None]]:
    return {one.target: (one.choice.run.arm, one.choice.run.seed) for one in made.handed}


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
        task, run = one.target, one.choice.run
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
    assert files["tatoeba/test-de.tsv"].split() == [b"2", b"1", b"3", b"0", b"4"]
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


def test_the_best_arm_by_validation_and_its_best_seed_are_handed_in(opened: Opened, roots: DataRoots) -> None:
    made = submission(opened, roots, {})
    tested = {arm: sum(WRONG["test"][arm, seed] for seed in (11, 12)) for arm in predicted.ARMS}
    assert max(tested, key=lambda arm: tested[arm]) == "mnli", "the test would choose any other"
    assert runs(made) == {
        **dict.fromkeys(("udpos", "panx", "xnli", "pawsx", "mlqa"), ("mnli", 12)),
        "xquad": ("none", 11), "tydiqa": ("none", 11), "bucc": ("none", None), "tatoeba": ("none", None),
    }  # fmt: skip
    assert {one.target: one.choice.on for one in made.handed} == {
        **dict.fromkeys(("udpos", "panx", "xnli", "pawsx", "mlqa"), "validation/en"),
        **dict.fromkeys(("xquad", "tydiqa", "bucc", "tatoeba"), ""),
    }
    told = about(made)["tasks"]["xnli"]
    assert told["validation"] == {
        arm: {"mean": pytest.approx(1 - wrong / 5), "runs": 2}
        for arm, wrong in (("none", 2.5), ("mnli", 1.5), ("snli", 2))
    }
    cell = next(c for c in opened.plan.cells if (c.arm, c.target, c.seed) == ("mnli", "xnli", 12))
    assert told["checkpoint"] == {"phase": cell.subject.phase, "selection": "last", "step": STEP, "selected_by": ""}
    data = {key: opened.plan.evaluations[key].data for key in cell.evaluations}
    assert told["files"] == {
        f"xnli/test-{of.language}.tsv": {"rows": 5, "split": "test", "evaluation": key}
        for key, of in data.items()
        if of.split == "test"
    }
    assert about(made)["tasks"]["tatoeba"]["checkpoint"]["phase"] == ""


def test_of_equals_the_first_in_the_studys_order_is_taken(roots: DataRoots, tmp_path: Path) -> None:
    found = predicted.opened(tmp_path, roots, targets="[pawsx]", arms="[none, snli, mnli]", seeds="[12, 11]")
    ones = {split: {run: 1 + (run[0] == "none") for run in WRONG[split]} for split in WRONG}
    predicted.predict_all(found, ones)
    assert runs(submission(found, roots, {})) == {"pawsx": ("snli", 12)}


def test_an_arm_can_be_named_for_all_targets_and_for_one(opened: Opened, roots: DataRoots) -> None:
    made = submission(opened, roots, {EVERY: "snli", "tatoeba": "mnli", "udpos": "none"})
    assert runs(made) == {
        **dict.fromkeys(("panx", "xnli", "pawsx", "mlqa", "xquad", "tydiqa", "bucc"), ("snli", 11)),
        "tatoeba": ("mnli", 11), "udpos": ("none", 12),
    }  # fmt: skip
    assert {one.choice.on for one in made.handed} == {"named"}


def test_what_is_missing_or_left_out_is_said(opened: Opened, roots: DataRoots, tmp_path: Path) -> None:
    made = submission(opened, roots, {})
    assert not made.complete and not made.missing and not made.left_out
    assert {one.target: one.missing for one in made.handed if one.target in ("bucc", "pawsx")} == {
        "bucc": ("fr", "zh"), "pawsx": ("es", "fr", "ja", "ko", "zh")
    }  # fmt: skip
    found = predicted.opened(tmp_path, roots, targets="[squad, panx, tatoeba, udpos]", arms="[none]")
    panx = {key for cell in found.plan.cells if cell.target == "panx" for key in cell.evaluations}
    predicted.predict_all(found, but=panx)
    made = submission(found, roots, {})
    absent = ("xnli", "pawsx", "xquad", "mlqa", "tydiqa", "bucc2018")
    panx_too = {"panx": "no run of arm none has all its predictions yet"}
    assert (
        about(made)["missing_tasks"] == made.missing == {**dict.fromkeys(absent, "no target of the study"), **panx_too}
    )
    assert about(made)["left_out"] == ["squad", "panx"] and about(made)["complete"] is False
    assert {path.partition("/")[0] for path in made.files()} == {"udpos", "tatoeba", "submission.json"}
    evaluate = "[{splits: [validation]}]"
    found = predicted.opened(tmp_path / "other", roots, targets="[xnli, tydiqa]", arms="[none]", evaluate=evaluate)
    predicted.predict_all(found)
    assert submission(found, roots, {}).missing["xnli"] == "the study evaluates none of its test data"


def test_it_is_complete_with_all_tasks_languages_and_rows(opened: Opened, roots: DataRoots) -> None:
    made = submission(opened, roots, {})
    sizes = {"xnli": 5010, "pawsx": 2000, "xquad": 1190}
    whole = [
        replace(
            one, missing=(), files={c: replace(f, rows=sizes.get(one.target, f.rows)) for c, f in one.files.items()}
        )
        for one in made.handed
    ]
    assert replace(made, handed=tuple(whole)).complete
    assert not replace(made, handed=tuple(whole), missing={"panx": "no target of the study"}).complete
    for at, one in enumerate(whole):
        files = {code: replace(file, rows=file.rows - 1) for code, file in one.files.items()}
        for change in ({"missing": ("fi",)}, {"files": files} if one.target in sizes else {"missing": ("zh", "yo")}):
            assert not replace(made, handed=(*whole[:at], replace(one, **change), *whole[at + 1 :])).complete


def test_a_run_without_all_its_predictions_is_not_handed_in(roots: DataRoots, tmp_path: Path) -> None:
    found = predicted.opened(tmp_path, roots, targets="[xnli]")
    best = next(cell for cell in found.plan.cells if (cell.arm, cell.seed) == ("mnli", 12))
    data = {key: found.plan.evaluations[key].data for key in best.evaluations}
    predicted.predict_all(found, but=[key for key, of in data.items() if (of.split, of.language) == ("test", "ar")])
    assert runs(submission(found, roots, {})) == {"xnli": ("mnli", 11)}, "the other seed, though its score is lower"


def test_of_several_targets_of_a_task_it_is_the_first_or_the_named_one(roots: DataRoots, tmp_path: Path) -> None:
    targets = "[{name: few, task: pawsx, examples: 4}, {name: more, task: pawsx, examples: 5}]"  # none called pawsx
    found = predicted.opened(tmp_path, roots, targets=targets)
    predicted.predict_all(found)
    made = submission(found, roots, {})
    assert runs(made) == {"few": ("mnli", 12)} and made.left_out == ("more",)
    made = submission(found, roots, {"more": "none"})
    assert runs(made) == {"more": ("none", 12)} and made.left_out == ("few",)


def test_what_makes_a_score_doubtful_is_noted(roots: DataRoots, tmp_path: Path) -> None:
    found = predicted.opened(tmp_path, roots, targets="[xnli, tydiqa, udpos]", arms="[none]", select="{rule: best}")
    predicted.predict_all(found)
    notes = {one.target: " | ".join(one.notes) for one in submission(found, roots, {}).handed}
    assert notes["xnli"] == "the benchmark's test has 5010 rows in each language; here it is ar 5, en 5"
    assert notes["tydiqa"] == "the checkpoint was chosen on what is handed in (en)"
    assert "German zum" in notes["udpos"]


def test_names_that_the_study_does_not_have_are_mistakes(opened: Opened, roots: DataRoots, tmp_path: Path) -> None:
    def mistake(found: Opened, arms: dict[str, str], model: str | None = None) -> str:
        with pytest.raises(UserError) as raised:
            submission(found, roots, arms, model)
        return str(raised.value)

    place = f"{opened.study.path}: "
    assert mistake(opened, {EVERY: "mnlu"}).startswith(f"{place}the study has no arm 'mnlu'\n  -> did you mean mnli")
    assert mistake(opened, {"panxx": "mnli"}).startswith(f"{place}the study has no target 'panxx' that XTREME has, too")
    assert mistake(opened, {}, "tiney") == f"{place}the study has no model 'tiney'\n  -> did you mean tiny?"
    with pytest.raises(
        UserError, match=r"study\.yaml: no target of the study is one of XTREME's\n  -> these are udpos"
    ):
        submission(predicted.opened(tmp_path, roots, targets="[squad, snli]"), roots, {})


def test_of_several_models_one_must_be_named(roots: DataRoots, tmp_path: Path) -> None:
    made = predicted.lock(roots, models=("tiny", "mini"))
    found = predicted.opened(tmp_path, roots, made, models="[tiny, mini]", targets="[pawsx]")
    predicted.predict_all(found)
    with pytest.raises(UserError, match="the study has 2 models\n  -> name one: --model tiny or mini"):
        submission(found, roots, {})
    one = submission(found, roots, {}, "mini")
    cells = {cell.subject.phase: cell.model for cell in found.plan.cells}
    assert (one.model, cells[one.handed[0].choice.run.checkpoint["phase"]]) == ("mini", "mini")


def test_a_study_that_has_predicted_nothing_has_nothing_to_hand_in(roots: DataRoots, tmp_path: Path) -> None:
    found = predicted.opened(tmp_path, roots)
    with pytest.raises(UserError, match=r"nothing is predicted yet that XTREME asks for\n  -> xfer run .*study\.yaml"):
        submission(found, roots, {})


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


def test_ids_that_are_there_twice_are_named(tmp_path: Path) -> None:
    predicted.data(tmp_path / "data")
    predicted.rename(tmp_path / "data", "xquad", "ar", ["a", "b", "b", "d", "e"])
    roots = DataRoots((tmp_path / "data",))
    found = predicted.opened(tmp_path, roots, targets="[xquad]", arms="[none]")
    predicted.predict_all(found)
    with pytest.raises(DataError, match="the id 'b' stands for 2 rows"):
        submission(found, roots, {})


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
