"""Tables on a terminal, and whole when they go into a pipe or a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDE = 240
"""Columns where nobody looks at a terminal: nothing is cut."""


def show(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print a table; the columns named in ``numbers`` are aligned to the right."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDE)
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=name in numbers or name == "key")
    for row in rows:
        table.add_row(*row)
    console.print(table, highlight=False)
