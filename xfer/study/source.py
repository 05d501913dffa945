"""A study's YAML with the place of every value, so that each error can name file, line and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from xfer.errors import Problem, StudyError

Loc = tuple[int | str, ...]


@dataclass(frozen=True)
class Source:
    """A parsed YAML file (YAML 1.2: ``no`` is a word and ``1e-5`` a number)."""

    path: Path
    _node: Any
    _moved: Mapping[Loc, Loc] = field(default_factory=dict)
    """Where in the file what stands elsewhere in ``value`` was written."""

    @classmethod
    def read(cls, path: Path) -> Source:
        """Parse ``path``. Raises ``StudyError`` when it is no YAML mapping."""
        try:
            node = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise StudyError([Problem(str(path), "there is no such file", "give the path of a study")]) from error
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError([Problem(str(path), f"cannot read it: {error}")]) from error
        except YAMLError as error:
            raise StudyError([_syntax(path, error)]) from error
        if not isinstance(node, Mapping):
            fix = "start with 'study: NAME'"
            raise StudyError([Problem(str(path), "a study is a mapping of fields to values", fix)])
        return cls(path, node)

    def where(self, *loc: int | str) -> str:
        """``file:line:column`` of the value at ``loc``, or of the nearest thing around it that exists."""
        node, line, column = self._node, 0, 0
        loc = (*self._moved.get(loc[:2], loc[:2]), *loc[2:])
        for name in loc:
            try:
                if isinstance(node, Mapping) and name in node:
                    line, column = node.lc.key(name)  # type: ignore[attr-defined]
                    node = node[name]
                elif isinstance(node, Sequence) and not isinstance(node, str) and isinstance(name, int):
                    line, column = node.lc.item(name)  # type: ignore[attr-defined]
                    node = node[name]
                else:
                    break
            except (AttributeError, KeyError, IndexError):
                break
        return f"{self.path}:{line + 1}:{column + 1}"

    def value(self) -> Any:
        """Plain Python values."""
        return _plain(self._node)

    def spread(self, name: str, items: Sequence[Sequence[Any]]) -> Source:
        """The same file, for a value whose list ``name`` has several items where the file has one."""
        places = [i for i, some in enumerate(items) for _ in some]
        return replace(self, _moved={**self._moved, **{(name, j): (name, i) for j, i in enumerate(places)}})


def dotted(loc: Loc) -> str:
    """A place in a file for people: ``recipe.default.steps``."""
    return ".".join(map(str, loc))


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(name): _plain(value) for name, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    return next((kind(node) for kind in (int, float, str) if isinstance(node, kind)), node)


def _syntax(path: Path, error: YAMLError) -> Problem:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        what = (error.problem or "not YAML").strip().splitlines()[0]
        return Problem(f"{path}:{mark.line + 1}:{mark.column + 1}", what, "mend the YAML")
    return Problem(str(path), str(error).strip().splitlines()[0], "mend the YAML")
