"""``xfer report`` writes the page, the methods and the tables, of a study that nothing has been run of too."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.cli.report import report
from tests.unit.reports.studies import world_of
from xfer.results.schema import VIEWS
from xfer.study import lock as locks


def test_page_methods_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = world_of(tmp_path, storage=str(tmp_path / "runs"))
    locks.write(locks.path_of(opened.study.path), opened.lock)
    report(opened.study.path, tmp_path / "out")
    tables = {f"{name}.csv" for name in [*VIEWS, "transfer"]} - {"predictions.csv"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"index.html", "methods.md", *tables}
    assert (tmp_path / "out" / "methods.md").read_text().startswith("# Methods of small\n\n## Design\n")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "nano, 2 pretraining seeds" in page and "No phase has been trained yet." in page
    *matrix, page_path = capsys.readouterr().out.strip().splitlines()
    assert page_path == str(tmp_path / "out" / "index.html")
    assert matrix[0].split() == ["nano,", "2", "pretraining", "seeds", "world_paraphrase", "world_retrieval"]
