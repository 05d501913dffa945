"""Rules of the tree that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xfer.tasks.registry import SHIPPED

ROOT = Path(__file__).parents[2]
PRODUCT = ("xfer", "jobs", "cluster")
LONGEST_FILE = 300
LONGEST_FUNCTION = 60


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {name(path): path.read_text(encoding="utf-8").count("\n") for path in files(*PRODUCT, "tests")}
    assert {file: length for file, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{name(path)}:{node.lineno} {node.name}": length
        for path in files(*PRODUCT, "tests")
        for node in nodes(path)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_packages_are_empty_so_that_contracts_see_every_import() -> None:
    """Import-linter does not see through what an ``__init__`` gathers; xfer's own is lazy."""
    full = []
    for path in files(*PRODUCT):
        if path.name == "__init__.py" and name(path) != "xfer/__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            docstring = len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
            if body and not docstring:
                full.append(name(path))
    assert full == []


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder without ``__init__`` is not packaged, and its tests' names clash."""
    assert {
        name(path.parent) for path in files(*PRODUCT, "tests") if not (path.parent / "__init__.py").exists()
    } == set()


def test_only_the_command_line_prints() -> None:
    prints = [
        f"{name(path)}:{node.lineno}"
        for path in files(*PRODUCT)
        if not name(path).startswith("cluster/cli/")
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert prints == []


FORMATS = sorted({type(SHIPPED.get(task).format).__name__ for task in SHIPPED.names()})


@pytest.mark.parametrize("format_class", FORMATS)
def test_a_formats_name_appears_in_its_own_file_and_in_the_catalog_only(format_class: str) -> None:
    word = re.compile(rf"\b{format_class}\b")
    named = {name(path) for path in files(*PRODUCT) if word.search(path.read_text(encoding="utf-8"))}
    elsewhere = {file for file in named if not file.startswith("xfer/tasks/catalog/")}
    file = re.sub(r"(?<!^)(?=[A-Z])", "_", format_class).lower()
    assert elsewhere == {f"xfer/tasks/formats/{file}.py"}


def test_nobody_asks_which_format_a_task_has() -> None:
    """No ``isinstance`` and no comparison with a format's name outside the formats' own files.

    A generated world knows nothing of formats; some of its tables are called like them.
    """
    kinds = {SHIPPED.get(task).format.name for task in SHIPPED.names()}
    asked = [
        f"{name(path)}:{node.lineno}"
        for path in files(*PRODUCT)
        if not name(path).startswith(("xfer/tasks/formats/", "xfer/synthetic/"))
        for node in nodes(path)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Constant) and side.value in kinds
    ]
    assert asked == []


def test_test_files_have_names_of_their_own() -> None:
    found = [path.name for path in files("tests") if path.name.startswith("test_")]
    assert sorted(found) == sorted(set(found))
