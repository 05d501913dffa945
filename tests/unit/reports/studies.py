"""Studies opened with an empty store and a lock made in memory, and what their methods say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.unit.reports.tables import table
from tests.unit.study.made import from_scratch, lock, study
from xfer.reports.methods import methods
from xfer.reports.prose import Paragraph
from xfer.results import schema
from xfer.store.store import Store
from xfer.study.lock import Lock
from xfer.study.opening import Opened
from xfer.study.planner import plan

SCRATCH = "{{id: {0}, scratch: {{size: {1}, text: world_text, vocabulary: 64, seed: {2}}}}}"
WORLD: dict[str, str | None] = {
    "models": f"[{SCRATCH.format('one', 'nano', 1)}, {SCRATCH.format('two', 'nano', 2)}]",
    "arms": "[none, {name: nli, task: world_nli, labels: shuffled}]",
    "targets": "[{task: world_paraphrase, examples: 128}, world_retrieval]",
    "world": "{languages: {en: {}, qaa: {cognates: 0.6, order: SOV}, qab: {cognates: 0.25, adjective: after}}}",
}


def open_with(folder: Path, made: Lock | None = None, /, **fields: str | None) -> Opened:
    """The good study with some fields replaced, opened with an empty store."""
    read, locked = study(folder, **fields), made or lock()
    return Opened(read, locked, Store(str(folder / "runs")), plan(read, locked, {}))


def world_of(folder: Path, **fields: str | None) -> Opened:
    return open_with(folder, lock([from_scratch("one"), from_scratch("two")]), **WORLD | fields)


def nothing_done(**rows: list[dict[str, Any]]) -> dict[str, pa.Table]:
    return {name: table(rows.get(name, []), kind) for name, kind in schema.VIEWS.items()}


def said(opened: Opened, **rows: list[dict[str, Any]]) -> dict[str, Paragraph]:
    return {paragraph.title: paragraph for paragraph in methods(opened, nothing_done(**rows))}
