"""The transfer matrix, against numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.reports.tables import XNLI, all_cells, all_scores, score_rows, small_views, table
from xfer.errors import XferError
from xfer.reports.languages import language_tables
from xfer.reports.reported import reported
from xfer.reports.transfer import Cell, Matrix, Mean, matrices
from xfer.results.schema import CELLS, SCORES


def matrix_of(rows: list[dict[str, Any]], cells: list[dict[str, Any]] | None = None) -> Matrix:
    (matrix,) = matrices(table(rows, SCORES), None if cells is None else table(cells, CELLS))
    return matrix


def cell_of(matrix: Matrix, arm: str, target: str) -> Cell:
    return next(cell for cell in matrix.cells if (cell.arm, cell.target) == (arm, target))


@pytest.fixture
def small() -> Matrix:
    return matrix_of(all_scores(), all_cells())


def test_axes_put_none_first_and_keep_the_studys_order(small: Matrix) -> None:
    assert [row.arm for row in small.rows] == ["none", "mnli", "snli"]
    assert [target.name for target in small.targets] == ["xnli", "panx", "tatoeba"]
    assert [target.retrieval for target in small.targets] == [False, False, True]


def test_a_score_is_the_mean_over_languages_then_seeds(small: Matrix) -> None:
    none = cell_of(small, "none", "xnli")
    assert none.score == pytest.approx(0.70)  # both seeds: (0.80 + 0.70 + 0.60) / 3, (0.82 + 0.70 + 0.58) / 3
    assert none.score_sd == pytest.approx(0.0, abs=1e-12)
    assert (none.delta, none.seeds, none.languages) == (None, (1, 2), ("en", "de", "sw"))


def test_a_delta_is_paired_by_seed(small: Matrix) -> None:
    mnli = cell_of(small, "mnli", "xnli")
    # Seed 1: +3, +3, +3 points, mean 3. Seed 2: +1, +1, +1, mean 1. Standard deviation with n - 1: sqrt(2).
    assert mnli.delta == pytest.approx(2.0)
    assert mnli.delta_sd == pytest.approx(math.sqrt(2))
    assert (mnli.relation, mnli.paired, mnli.compared) == ("same-task", 2, ("en", "de", "sw"))


def test_a_missing_seed_leaves_its_partner_out(small: Matrix) -> None:
    mnli = cell_of(small, "mnli", "panx")
    # Only seed 1: (0.81 + 0.63) / 2 - (0.80 + 0.60) / 2. Against both seeds of none it would be 1.5.
    assert mnli.delta == pytest.approx(2.0)
    assert (mnli.delta_sd, mnli.seeds, mnli.paired) == (None, (1,), 1)


def test_retrieval_compares_with_the_one_untrained_run(small: Matrix) -> None:
    assert cell_of(small, "none", "tatoeba").seeds == ()
    assert cell_of(small, "none", "tatoeba").score_sd is None
    mnli = cell_of(small, "mnli", "tatoeba")
    assert mnli.delta == pytest.approx(11.0)  # 10 and 12
    assert mnli.delta_sd == pytest.approx(math.sqrt(2))


def test_a_failed_cell_has_its_reason_and_no_number(small: Matrix) -> None:
    failed = cell_of(small, "snli", "panx")
    assert failed.state == "failed"
    assert [(failure.seed, failure.reason) for failure in failed.failures] == [(1, "out <of> memory")]
    assert (failed.score, failed.delta) == (None, None)


def mean_is(mean: Mean, value: float, targets: int, of: int) -> bool:
    return (mean.targets, mean.of) == (targets, of) and mean.value == pytest.approx(value)


def test_row_means_leave_out_retrieval_and_same_task(small: Matrix) -> None:
    none, mnli, snli = small.rows
    assert mean_is(mnli.deltas.overall, (2 + 2 + 11) / 3, 3, 3)
    assert mean_is(mnli.deltas.without_retrieval, 2, 2, 2)
    assert mean_is(mnli.deltas.without_same_task, (2 + 11) / 2, 2, 2)
    assert mean_is(mnli.deltas.without_either, 2, 1, 1)
    # snli: xnli -2, -2, -11 over three languages in both seeds, so -5; panx failed; tatoeba -5.
    assert mean_is(snli.deltas.overall, -5, 2, 3)
    assert none.deltas.overall.value is None
    assert mean_is(none.scores.overall, (0.70 + 0.705 + 0.25) / 3, 3, 3)


def test_only_shared_languages_are_compared() -> None:
    wide = {("none", 1): {"en": 0.8, "de": 0.6, "sw": 0.1}, ("mnli", 1): {"en": 0.9, "de": 0.7, "fr": 0.2}}
    cell = cell_of(matrix_of(score_rows("xnli", wide)), "mnli", "xnli")
    assert cell.delta == pytest.approx(10.0)
    assert cell.compared == ("en", "de")
    assert cell.languages == ("en", "de", "fr")


def test_without_a_shared_language_there_is_no_delta() -> None:
    apart = {("none", 1): {"sw": 0.1}, ("mnli", 1): {"fr": 0.2}}
    cell = cell_of(matrix_of(score_rows("xnli", apart)), "mnli", "xnli")
    assert cell.score == pytest.approx(0.2)
    assert (cell.delta, cell.paired) == (None, 0)


def test_validation_stands_in_only_where_a_target_has_no_test_rows() -> None:
    rows = [
        *score_rows("xnli", {("none", 1): {"en": 0.8}}),
        *score_rows("xnli", {("mnli", 1): {"en": 0.9}}, split="validation"),
        *score_rows("panx", {("none", 1): {"en": 0.7}}, split="validation", selected_by="panx/validation/en"),
    ]
    matrix = matrix_of(rows)
    assert [target.split for target in matrix.targets] == ["test", "validation"]
    assert cell_of(matrix, "mnli", "xnli").state == "missing"  # a validation score beside test scores
    assert [target.selected_on for target in matrix.targets] == [(), ("en",)]


def test_the_studys_own_rule_goes_before_last() -> None:
    run = {("none", 1): {"en": 0.8}}
    better = {("none", 1): {"en": 0.9}}
    matrix = matrix_of([*score_rows("xnli", run), *score_rows("xnli", better, selection="best")])
    assert cell_of(matrix, "none", "xnli").score == pytest.approx(0.9)


def test_two_versions_of_a_metric_are_never_averaged() -> None:
    run = {("none", 1): {"en": 0.8}}
    with pytest.raises(XferError, match="two scores for one place") as caught:
        matrix_of([*score_rows("xnli", run), *score_rows("xnli", run, metric_version=2)])
    assert "none x xnli, seed 1, en" in str(caught.value)


def test_a_score_that_is_not_a_number_is_missing() -> None:
    runs = {("none", 1): {"en": 0.8, "de": 0.6}, ("mnli", 1): {"en": 0.9, "de": math.nan}}
    cell = cell_of(matrix_of(score_rows("xnli", runs)), "mnli", "xnli")
    assert cell.compared == ("en",)
    assert cell.delta == pytest.approx(10.0)


def test_runs_and_languages_stand_in_the_rows_order_however_the_table_is_cut() -> None:
    codes = [f"q{number}" for number in range(40)]
    runs = {("none", seed): dict.fromkeys(reversed(codes), seed / 100) for seed in reversed(range(60))}
    whole = table(score_rows("xnli", runs), SCORES)
    for scores in (whole, pa.concat_tables([whole.slice(0, 7), whole.slice(7, 1000), whole.slice(1007)])):
        (model,) = reported(scores, CELLS.empty_table())
        found = model.runs["none", "xnli"]
        assert [run.seed for run in found] == list(reversed(range(60)))
        assert {tuple(run.values) for run in found} == {tuple(reversed(codes))}


def test_each_model_has_its_own_matrix() -> None:
    rows = [*score_rows("xnli", XNLI), *score_rows("xnli", XNLI, model="large", parameters=9)]
    assert [(m.model, m.parameters) for m in matrices(table(rows, SCORES))] == [("tiny", 1000), ("large", 9)]


def test_per_language_table() -> None:
    views = small_views()
    xnli, panx, tatoeba = language_tables(views["scores"], views["cells"])
    assert xnli.languages == ("en", "de", "sw")
    assert xnli.chance == (0.5, 0.5, 0.5)
    assert panx.chance == (None, None)
    mnli = xnli.rows[1]
    assert mnli.values == pytest.approx((0.83, 0.72, 0.61))
    assert mnli.mean == pytest.approx(0.72)
    assert mnli.zero_shot == pytest.approx(0.665)
    assert [row.arm for row in panx.rows] == ["none", "mnli"]
    assert tatoeba.rows[0].mean == tatoeba.rows[0].zero_shot == pytest.approx(0.25)


def test_language_means_are_over_languages_that_every_run_has() -> None:
    runs = {("none", 1): {"en": 0.8, "de": 0.6, "sw": 0.1}, ("mnli", 1): {"en": 0.9, "de": 0.7}}
    (found,) = language_tables(table(score_rows("xnli", runs), SCORES))
    assert found.common == ("en", "de")
    assert [row.mean for row in found.rows] == pytest.approx([0.7, 0.8])
    assert found.rows[1].values == (0.9, 0.7, None)


def test_nothing_scored_yet_gives_missing_cells() -> None:
    matrix = matrix_of([], [{"model": "tiny", "arm": "none", "target": "xnli", "seed": 1, "state": "planned"}])
    assert cell_of(matrix, "none", "xnli").state == "missing"
    assert matrix.rows[0].scores.overall == Mean(None, 0, 1)
