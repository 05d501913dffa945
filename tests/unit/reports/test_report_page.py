"""The page holds what it must, in well-formed HTML, byte for byte the same each time."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser

import pyarrow.compute as pc
import pytest

from tests.unit.reports.tables import PANX, score_rows, small_views, table
from xfer.reports.curves import GREY, draw
from xfer.reports.formatting import duration, points, shade, signed
from xfer.reports.page import render
from xfer.results import schema

VOID = {"meta", "link", "br", "hr", "img", "path", "use", "rect", "line"}


class Reader(HTMLParser):
    """Checks nesting; collects names, links, and each table's rows as texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.links: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.names += [str(values["id"])] if "id" in values else []
        self.links += [str(values["href"])] if tag == "a" else []
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def page() -> str:
    return render("A small study", small_views(), "small", ["Made <by hand>."])


def test_the_page_is_self_contained_and_well_formed(page: str) -> None:
    reader = Reader(page)
    assert "<script" not in page
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    assert len(reader.names) == len(set(reader.names))
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.names)


def test_the_matrix_is_a_table_with_scores_deltas_and_relations(page: str) -> None:
    head, _, none, mnli, snli = Reader(page).tables[0]
    assert [text[:4] for text in head[1:4]] == ["xnli", "panx", "tato"]
    assert none[:4] == ["none", "70.0 ±0.0", "70.5 ±0.7", "25.0"]
    assert mnli[0] == "mnli"
    assert mnli[1] == "+2.0● same-task ±1.4"
    assert mnli[3].startswith("+11.0○ transfer")
    assert snli[1].startswith("−5.0◐ near")
    assert snli[2].startswith("failed")
    assert none[4:] == ["55.2", "70.2", "55.2", "70.2"]
    assert [mean.split()[0] for mean in mnli[4:]] == ["+5.0", "+2.0", "+6.5", "+2.0"]
    assert snli[4] == "−5.0 2 of 3"


def test_failures_and_thin_cells_are_explained(page: str) -> None:
    assert "snli × panx failed, seed 1: out &lt;of&gt; memory" in page
    assert "Over 1 of 2 seeds." in page
    assert '<section id="failed">' in page
    assert "Made &lt;by hand&gt;." in page


def test_what_a_missing_cell_shows_is_not_a_zero() -> None:
    views = small_views() | {"cells": schema.CELLS.empty_table()}
    snli = Reader(render("A small study", views, "small")).tables[0][4]
    assert snli[2] == "–not available"


def test_languages_show_scores_and_the_best_constant_answer(page: str) -> None:
    xnli = Reader(page).tables[1]
    assert xnli[0] == ["Arm", "mean", "zero-shot", "en", "de", "sw"]
    assert xnli[1] == ["none", "70.0", "64.5", "81.0 ±1.4", "70.0 ±0.0", "59.0 ±1.4"]
    assert xnli[3][-1] == "48.0 not above the best constant answer ±1.4"
    assert xnli[4] == ["best constant answer", "", "", "50.0", "50.0", "50.0"]


def test_one_seed_is_said_to_prove_nothing(page: str) -> None:
    assert "With one seed no significance can be claimed" in page
    assert "<b>Some cells rest on one seed.</b>" in page
    views = small_views()
    views["scores"] = views["scores"].filter(pc.not_equal(views["scores"]["seed"], 2))
    assert "none of the differences on this page can be called significant" in render("One", views, "small")


def test_sheets(page: str) -> None:
    *_, cost, attempts, versions = Reader(page).tables
    assert cost[1][:4] == ["mnli--1", "intermediate", "mnli", "pretrained"]
    assert cost[1][6:] == ["2\u202f000", "640\u202f000", "1:01:40", "2", "1"]
    assert cost[-1][0] == "total"
    assert [row[:2] for row in attempts[1:]] == [["mnli--1", "1"], ["mnli--1", "2"]]
    assert versions[1] == ["10", "a CPU", "DeepSpeedEngine", "fp32", "torch 2.13.0"]
    assert 'id="decisions"' not in page


def test_a_target_chosen_on_what_is_printed_says_so() -> None:
    rows = score_rows("panx", PANX, split="validation", selected_by="panx/validation/en")
    views = small_views() | {"scores": table(rows, schema.SCORES)}
    assert "panx: the checkpoint was chosen on these very rows (en)." in render("P", views, "small")


def test_curves_are_coloured_by_arm_and_dashed_by_role() -> None:
    curves = draw(small_views(), ("none", "mnli", "snli"))
    assert [(panel.task, panel.metric) for panel in curves.panels] == [
        ("mnli", "loss"),
        ("mnli", "accuracy"),
        ("snli", "loss"),
        ("snli", "accuracy"),
    ]
    assert [(stroke.label, stroke.dashed) for stroke in curves.legend] == [
        ("none", False),
        ("mnli", False),
        ("snli", False),
        ("mnli", True),
        ("snli", True),
    ]
    assert len({stroke.colour for stroke in curves.legend}) == 3
    # Two intermediate lines and six target lines train on mnli.
    drawn = re.findall(r"fill: none; stroke(?:-dasharray)?: [^\"]*", curves.panels[0].svg)
    assert len([line for line in drawn if "1.1" in line]) == 8
    assert "#010203" not in render("P", small_views(), "small")


def test_trials_are_not_drawn_and_pretraining_belongs_to_no_arm() -> None:
    views = small_views()
    phases = views["phases"].to_pylist()
    phases[0] |= {"roles": ["trial"], "trains_on": ["tried"]}
    phases[1] |= {"roles": ["pretrain"], "trains_on": ["text"]}
    curves = draw(views | {"phases": table(phases, schema.PHASES)}, ("none", "mnli", "snli"))
    assert [stroke.colour for stroke in curves.legend if stroke.label == "pretraining"] == [GREY]
    tried = views | {"phases": table([row | {"roles": ["trial"]} for row in phases], schema.PHASES)}
    assert draw(tried, ("none", "mnli", "snli")).panels == ()


def test_equal_views_give_equal_bytes(page: str) -> None:
    assert render("A small study", small_views(), "small", ["Made <by hand>."]) == page
    code = (
        "import hashlib; from tests.unit.reports.tables import small_views;"
        "from xfer.reports.page import render;"
        "page = render('A small study', small_views(), 'small', ['Made <by hand>.']);"
        "print(hashlib.sha256(page.encode()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(page.encode()).hexdigest()


def test_reports_import_nothing_heavy() -> None:
    code = (
        "import sys, xfer.reports.page, xfer.reports.export, xfer.reports.transfer, xfer.reports.languages;"
        "heavy = {'torch', 'ray', 'deepspeed', 'transformers', 'matplotlib', 'pandas'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_numbers_as_printed() -> None:
    assert [points(0.71349), points(None)] == ["71.3", "–"]
    assert [signed(1.26), signed(-0.44), signed(-0.04), signed(None)] == ["+1.3", "−0.4", "0.0", "–"]
    assert [shade(x) for x in (0.44, 0.46, -0.96, 3.9, -8.0, None)] == [
        "",
        "up1",
        "down2",
        "up3",
        "down5",
        "",
    ]
    assert [duration(7.6), duration(12005.0), duration(None)] == ["0:00:08", "3:20:05", "–"]
