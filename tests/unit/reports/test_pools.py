"""Models that differ in their pretraining seed alone are shown together, and by themselves."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from tests.unit.reports.tables import TWINS, score_rows, table, twin_views
from tests.unit.study.made import study
from xfer.reports.about import About
from xfer.reports.heatmap import heat_map
from xfer.reports.languages import language_tables
from xfer.reports.page import render
from xfer.reports.pools import Pool, pools
from xfer.reports.transfer import Cell, Matrix, matrices
from xfer.results.schema import SCORES


def model(name: str, seed: int, size: str = "nano", vocabulary: int = 64) -> str:
    return f"{{id: {name}, scratch: {{size: {size}, text: world_text, vocabulary: {vocabulary}, seed: {seed}}}}}"


def pools_of(folder: Path, *models: str, recipe: str = "{default: {steps: 8}}") -> tuple[Pool, ...]:
    return pools(study(folder, models=f"[{', '.join(models)}]", recipe=recipe))


def test_a_pool_is_of_models_that_differ_in_their_seed_alone(tmp_path: Path) -> None:
    found = pools_of(
        tmp_path, model("a", 1), model("big", 1, "tiny"), model("b", 2), model("wide", 3, vocabulary=90), "tiny"
    )
    assert found == (Pool("nano, 2 pretraining seeds", ("a", "b")),)


def test_two_pools_of_one_size_are_called_by_their_models(tmp_path: Path) -> None:
    models = [model(f"{name}{seed}", seed, vocabulary=n) for name, n in (("x", 64), ("y", 90)) for seed in (1, 2)]
    names = [pool.name for pool in pools_of(tmp_path, *models)]
    assert names == ["x1, x2, 2 pretraining seeds", "y1, y2, 2 pretraining seeds"]


def test_models_with_recipes_of_their_own_are_not_pooled(tmp_path: Path) -> None:
    override = "{default: {steps: 8}, override: [{where: {model: MODELS}, learning_rate: 1e-3}]}"
    two = (model("a", 1), model("b", 2))
    assert pools_of(tmp_path, *two, recipe=override.replace("MODELS", "a")) == ()
    assert len(pools_of(tmp_path, *two, recipe=override.replace("MODELS", "[a, b]"))) == 1


def cell(matrix: Matrix, arm: str, target: str) -> Cell:
    return next(cell for cell in matrix.cells if (cell.arm, cell.target) == (arm, target))


@pytest.fixture
def together() -> tuple[Matrix, ...]:
    views = twin_views()
    return matrices(views["scores"], views["cells"], (TWINS,))


def test_the_pool_stands_before_its_models(together: tuple[Matrix, ...]) -> None:
    assert [matrix.models for matrix in together] == [("one", "two"), ("one",), ("two",)]
    assert [matrix.pooled for matrix in together] == [True, False, False]


def test_differences_are_paired_by_model_and_seed(together: tuple[Matrix, ...]) -> None:
    mnli = cell(together[0], "mnli", "xnli")
    # one: 3 and 1 points, two: 7 and 5.
    assert mnli.delta == pytest.approx(4.0)
    assert mnli.delta_sd == pytest.approx(np.std([3, 1, 7, 5], ddof=1))
    assert (mnli.paired, mnli.seeds) == (4, (1, 1, 2, 2))
    assert mnli.by_model == pytest.approx((2.0, 6.0))
    none = cell(together[0], "none", "xnli")
    assert none.by_model == pytest.approx((0.7, 0.7))


def test_what_was_not_trained_is_compared_within_its_own_model(together: tuple[Matrix, ...]) -> None:
    assert cell(together[0], "none", "tatoeba").seeds == ()
    mnli = cell(together[0], "mnli", "tatoeba")
    assert mnli.paired == 4
    assert mnli.by_model == pytest.approx((11.0, 11.0))


def test_a_single_models_cells_have_nothing_to_spread_over(together: tuple[Matrix, ...]) -> None:
    assert all(cell.by_model == () for matrix in together[1:] for cell in matrix.cells)


def test_the_printed_cell_goes_from_the_lowest_to_the_highest_model(together: tuple[Matrix, ...]) -> None:
    box = heat_map(together[0]).lines[1].boxes[0]
    assert (box.text, box.detail, box.reach) == ("+4.0", "±2.6", "+2.0 … +6.0")


def test_a_missing_run_is_told_as_a_run(together: tuple[Matrix, ...]) -> None:
    rows = [
        row
        for row in twin_views()["scores"].to_pylist()
        if (row["model"], row["arm"], row["seed"]) != ("two", "mnli", 2)
    ]
    (pool, *_) = matrices(table(rows, SCORES), None, (TWINS,))
    assert cell(pool, "mnli", "xnli").delta == pytest.approx((3 + 1 + 7) / 3)
    assert "Over 3 of 4 runs." in heat_map(pool).footnotes


def test_languages_are_averaged_over_models_and_seeds() -> None:
    views = twin_views()
    pool, *_ = language_tables(views["scores"], views["cells"], (TWINS,))
    english = [0.83, 0.83, 0.87, 0.87]
    assert pool.rows[1].values[0] == pytest.approx(np.mean(english))
    assert pool.rows[1].deviations[0] == pytest.approx(np.std(english, ddof=1))


def test_pretraining_that_could_not_be_scored_stands_with_its_last_checkpoint() -> None:
    untrained = score_rows("tatoeba", {("none", None): {"de": 0.4}}, selection="last", phase="text")
    trained = score_rows("tatoeba", {("mnli", 1): {"de": 0.5}}, selection="best")
    (matrix,) = matrices(table([*untrained, *trained], SCORES))
    assert math.isclose(cell(matrix, "mnli", "tatoeba").delta or 0, 10.0)


def test_the_page_shows_the_pool_first_and_every_model() -> None:
    page = render("P", twin_views(), "small", about=About(pools=(TWINS,)))
    titles = [page.index(f'">{title}') for title in ("nano, 2 pretraining seeds", "one <small>", "two <small>")]
    assert titles == sorted(titles)
    assert "2 models" in page
    assert "3 models" not in page
    assert "+2.0 … +6.0" in page


def test_one_seed_of_two_models_is_no_single_run() -> None:
    views = twin_views()
    one = views["scores"].filter(pc.not_equal(views["scores"]["seed"], 2))
    page = render("P", views | {"scores": one}, "small", about=About(pools=(TWINS,)))
    assert "<b>One seed a model.</b>" in page
    assert "rests on a single training run, so none" not in page
