"""A submission to XTREME: which runs it is of, what it says of them, and what it lacks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.reports import predicted
from tests.unit.reports.predicted import STEP, WRONG
from xfer.errors import UserError
from xfer.reports.submission import EVERY, Submission, submission
from xfer.study.opening import Opened
from xfer.tasks.data import DataRoots


def about(made: Submission) -> dict[str, Any]:
    return dict(json.loads(made.files()["submission.json"]))


def runs(made: Submission) -> dict[str, tuple[str, int | None]]:
    return {one.target: (one.chosen.run.arm, one.chosen.run.seed) for one in made.handed}


def test_the_best_arm_by_validation_and_its_best_seed_are_handed_in(opened: Opened, roots: DataRoots) -> None:
    made = submission(opened, roots, {})
    tested = {arm: sum(WRONG["test"][arm, seed] for seed in (11, 12)) for arm in predicted.ARMS}
    assert max(tested, key=lambda arm: tested[arm]) == "mnli", "the test would choose any other"
    assert runs(made) == {
        **dict.fromkeys(("udpos", "panx", "xnli", "pawsx", "mlqa"), ("mnli", 12)),
        "xquad": ("none", 11), "tydiqa": ("none", 11), "bucc": ("none", None), "tatoeba": ("none", None),
    }  # fmt: skip
    assert {one.target: one.chosen.on for one in made.handed} == {
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
    assert {one.chosen.on for one in made.handed} == {"named"}


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
    assert (one.model, cells[one.handed[0].chosen.run.checkpoint["phase"]]) == ("mini", "mini")


def test_a_study_that_has_predicted_nothing_has_nothing_to_hand_in(roots: DataRoots, tmp_path: Path) -> None:
    found = predicted.opened(tmp_path, roots)
    with pytest.raises(UserError, match=r"nothing is predicted yet that XTREME asks for\n  -> xfer run .*study\.yaml"):
        submission(found, roots, {})
