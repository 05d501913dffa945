"""A benchmark's result: a table for people, and the same as JSON beside it."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


def show(name: str, about: str, rows: Sequence[Mapping[str, str | float]]) -> None:
    """Print the rows, and write them with the machine and the versions to ``results/NAME.json``."""
    table = Table(title=about, title_justify="left", box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="left" if isinstance(rows[0][column], str) else "right")
    for row in rows:
        table.add_row(*(value if isinstance(value, str) else _shown(value) for value in row.values()))
    Console(width=160).print(table)
    RESULTS.mkdir(exist_ok=True)
    made = {"about": about, "date": time.strftime("%Y-%m-%d"), "machine": machine(), "rows": list(rows)}
    (RESULTS / f"{name}.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or isinstance(value, int) else f"{value:.3g}"


def machine() -> dict[str, str | int]:
    """What the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    found = {name.strip(): value.strip() for name, value in fields.items()}
    flags = set(found.get("flags", "").split())
    return {
        "cpu": found.get("model name", platform.processor()),
        "cores": len(os.sched_getaffinity(0)),
        "bf16 units": "yes" if flags & {"avx512_bf16", "amx_bf16"} else "no",
        **{name: version(name) for name in ("torch", "transformers", "deepspeed", "ray")},
    }
