"""Tables in a pipe: whole, one line a line of a cell, columns under each other."""

from __future__ import annotations

import pytest

from cluster.cli.output import MANY, show


def test_columns_stand_under_each_other_and_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    show(("name", "n", "what"), [("a", "1", long), ("日本", "1000", "[b] two\nlines")], numbers=("n",))
    assert capsys.readouterr().out.split("\n") == [
        "name     n  what",
        f"a        1  {long}",
        "日本  1000  [b] two",
        "            lines",
        "",
    ]


def test_a_long_table_has_all_of_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    show(("n",), [(str(n),) for n in range(MANY + 1)], numbers=("n",))
    lines = capsys.readouterr().out.splitlines()
    assert list(map(int, lines[1:])) == list(range(MANY + 1)) and len(set(map(len, lines))) == 1


def test_an_empty_table_is_its_heads(capsys: pytest.CaptureFixture[str]) -> None:
    show(("one", "two"), [])
    assert capsys.readouterr().out == "one  two\n"
