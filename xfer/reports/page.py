"""The report: one HTML page that carries everything with it and reads the same years later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from xfer.reports.about import About
from xfer.reports.curves import draw
from xfer.reports.formatting import BOUNDS, SYMBOLS, count
from xfer.reports.heatmap import heat_map
from xfer.reports.language_map import by_target, language_map
from xfer.reports.languages import tables_of
from xfer.reports.reported import Reported, reported
from xfer.reports.sheets import sheets
from xfer.reports.transfer import Matrix, matrix
from xfer.reports.xtreme_map import xtreme_map

NOTHING = About()


@dataclass(frozen=True)
class Facts:
    """What the page says of the study in one line."""

    models: int
    arms: int
    targets: int
    languages: int
    seeds: int
    """Most seeds behind one cell."""
    fewest_seeds: int
    """Fewest seeds behind a trained cell that was scored."""
    done: int
    failed: int
    cells: int


def render(
    title: str, views: Mapping[str, pa.Table], study: str, notes: Sequence[str] = (), about: About = NOTHING,
    models: Sequence[Reported] | None = None,
) -> str:  # fmt: skip
    """One self-contained HTML page from the views of ``xfer.results.schema`` (``predictions`` may be absent).

    ``models``: what is printed of the scores, where that is known already.
    Equal views give equal bytes. Raises XferError when two scores compete for one place in a table.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["count"] = count
    if models is None:
        models = reported(views["scores"], views["cells"], about.pools)
    tables = tuple(map(matrix, models))
    by_language = [table for model in models for table in tables_of(model)]
    single = [matrix for matrix in tables if not matrix.pooled]
    members = {model for pool in about.pools for model in pool.models}
    arms = tuple(dict.fromkeys(row.arm for matrix in tables for row in matrix.rows))
    return environment.get_template("page.html.j2").render(
        title=title,
        study=study,
        notes=notes,
        about=about,
        facts=_facts(single, views["cells"]),
        symbols=SYMBOLS,
        bounds=BOUNDS,
        matrices=[heat_map(matrix) for matrix in tables],
        xtreme=list(map(xtreme_map, about.xtreme)),
        members=members,
        languages=by_target(language_map(table) for table in by_language),
        curves=draw(views, arms),
        sheets=sheets(views),
    )


def _facts(tables: Sequence[Matrix], cells: pa.Table) -> Facts:
    scored = [cell for matrix in tables for cell in matrix.cells if cell.state == "scored"]
    seeds = [len(cell.seeds) for cell in scored if cell.seeds]
    states = cells["state"].to_pylist()
    return Facts(
        models=len(tables),
        arms=len({row.arm for matrix in tables for row in matrix.rows}),
        targets=len({target.name for matrix in tables for target in matrix.targets}),
        languages=len({language for cell in scored for language in cell.languages}),
        seeds=max(seeds, default=0),
        fewest_seeds=min(seeds, default=0),
        done=states.count("done"),
        failed=states.count("failed"),
        cells=len(states),
    )
