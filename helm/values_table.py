"""Writes the table of values into the chart's README, from the comments of ``values.yaml``.

A comment that begins with ``# --`` belongs to the value below it; comment lines that follow continue it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

CHART = Path(__file__).parent / "xfer"
BEGIN, END = "<!-- values: written by helm/values_table.py -->\n", "<!-- end of values -->\n"
PIPE = r"\|"
KEY = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):(\s|$)")


def comments(text: str) -> dict[str, str]:
    """Dotted path of a value -> what its comment says, in the file's order."""
    found: dict[str, str] = {}
    parents: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("# -- "):
            comment = [bare.removeprefix("# -- ")]
        elif bare.startswith("# ") and comment:
            comment.append(bare.removeprefix("# "))
        elif key := KEY.match(line):
            indent = len(key["indent"])
            parents = [(depth, name) for depth, name in parents if depth < indent] + [(indent, key["key"])]
            if comment:
                found[".".join(name for _, name in parents)] = " ".join(comment)
            comment = []
    return found


def leaves(values: Mapping[str, object], above: str = "") -> dict[str, object]:
    """Dotted path of a value -> its default; an empty map is a value."""
    found: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value
    return found


def table(text: str) -> str:
    """The values of a ``values.yaml`` as a Markdown table."""
    said = comments(text)
    rows = [
        f"| `{path}` | `{json.dumps(default)}` | {said[path].replace('|', PIPE)} |"
        for path, default in leaves(YAML(typ="safe").load(text)).items()
    ]
    return "\n".join(["| value | default | what it is |", "|---|---|---|", *rows]) + "\n"


def readme(old: str, values: str) -> str:
    """A README with its table written anew."""
    before, rest = old.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table(values) + END + after


if __name__ == "__main__":
    path = CHART / "README.md"
    written = readme(path.read_text(encoding="utf-8"), (CHART / "values.yaml").read_text(encoding="utf-8"))
    path.write_text(written, encoding="utf-8")
