"""Documentation that is made from the code is the code's."""

from __future__ import annotations

from pathlib import Path

from xfer.results import schema

ROOT = Path(__file__).parents[2]


def test_the_tables_page_is_current() -> None:
    assert (ROOT / "docs" / "tables.md").read_text() == schema.markdown(), "run: make docs"
