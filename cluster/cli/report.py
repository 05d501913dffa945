"""``xfer report``: a page to look at, and tables to publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.cli.arguments import StudyPath


def report(
    study: StudyPath,
    out: Annotated[Path | None, typer.Option(help="Folder to write to. Default: reports/NAME.")] = None,
) -> None:
    """Write one self-contained HTML page and the tables as CSV."""
    from xfer.io import write_whole
    from xfer.reports.export import write_csv
    from xfer.reports.page import render
    from xfer.reports.views import Views
    from xfer.results.schema import VIEWS
    from xfer.study.opening import open_study

    opened = open_study(study)
    views = Views(opened.plan, opened.store)
    tables = {name: views.table(name) for name in VIEWS if name != "predictions"}
    folder = out or Path("reports") / opened.plan.study
    page = folder / "index.html"
    write_whole(page, render(opened.plan.study, tables, study.name).encode())
    write_csv(tables, folder)
    print(page)
