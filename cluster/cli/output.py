"""Tables on a terminal, and whole when they go into a pipe or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

MANY = 1000
"""Rows beyond which a terminal gets lines as they are, too: fitting cells to its width takes a millisecond a row."""


def show(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print a table; the columns named in ``numbers`` are aligned to the right."""
    from rich.console import Console
    from rich.table import Table

    rows = list(rows)
    console = Console()
    if not console.is_terminal or len(rows) > MANY:
        print("\n".join(_lines(columns, rows, [name in numbers for name in columns])))
        return
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=name in numbers or name == "key")
    for row in rows:
        table.add_row(*row)
    console.print(table, highlight=False)


def _lines(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> Iterator[str]:
    """The table's lines, as wide as they come."""
    from rich.cells import cell_len

    lines = [
        line for row in (columns, *rows) for line in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    ]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        gaps = (" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        cells = (gap + cell if at_right else cell + gap for at_right, cell, gap in zip(right, line, gaps, strict=True))
        yield "  ".join(cells).rstrip()


def short(number: float, unit: str = "") -> str:
    """A number of at most three digits before its point: ``1.2 M``, ``34 kB``."""
    for limit, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.1f} {prefix}{unit}"
    return f"{number:.0f} {unit}".rstrip()


def size(number: float) -> str:
    """Bytes."""
    return short(number, "B")
