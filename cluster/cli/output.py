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


def short(number: float, unit: str = "") -> str:
    """A number of at most three digits before its point: ``1.2 M``, ``34 kB``."""
    for limit, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.1f} {prefix}{unit}"
    return f"{number:.0f} {unit}".rstrip()


def size(number: float) -> str:
    """Bytes."""
    return short(number, "B")
