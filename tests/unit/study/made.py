"""Studies from a few lines, and locks made in memory: no data, no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from xfer.models import scratch
from xfer.models.spec import ModelSpec
from xfer.phase.phase import Phase
from xfer.study import reading
from xfer.study.lock import Lock, LockedSplit, components, declarations
from xfer.study.plan import Decisions, Plan
from xfer.study.planner import plan
from xfer.study.schema import Study
from xfer.tasks.registry import SHIPPED

FIELDS = {
    "study": "small",
    "storage": "./runs",
    "seeds": "[11, 12]",
    "models": "[tiny]",
    "arms": "[none, mnli, snli]",
    "targets": "[xnli, udpos, tatoeba]",
    "recipe": "{default: {steps: 8, batch_size: 16, learning_rate: 1e-3, max_length: 32, precision: fp32}}",
}
"""A good study, one line a field."""

ROWS = 160
LENGTHS = {16: 120, 48: 40}
"""Of every split of a made lock."""

MARK = "§"
"""Stands before the place that a message must name."""


def text(**fields: str | None) -> str:
    """The good study with some fields replaced, added, or (None) left out."""
    merged = {**FIELDS, **fields}
    return "".join(f"{name}: {value}\n" for name, value in merged.items() if value is not None)


def text_with(lines: str) -> str:
    """The good study with those lines in place of the ones for the same fields; they may hold a mark."""
    named = {line.removeprefix(MARK).partition(":")[0]: line for line in lines.splitlines()}
    good = {line.partition(":")[0]: line for line in text().splitlines()}
    return "".join(line + "\n" for line in {**good, **named}.values())


def place_of_mark(marked: str) -> tuple[str, str]:
    """The text without its mark, and ``line:column`` of what the mark stood before."""
    before, found, after = marked.partition(MARK)
    assert found and MARK not in after, "exactly one mark"
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return before + after, f"{line}:{column}"


def study(folder: Path, **fields: str | None) -> Study:
    """Read the good study with some fields replaced."""
    path = folder / "study.yaml"
    path.write_text(text(**fields))
    return reading.read(path)


def split(name: str, models: Sequence[str] = ("tiny",), **change: Any) -> LockedSplit:
    lengths = dict.fromkeys(models, LENGTHS)
    return LockedSplit(**{"data": f"content of {name}", "rows": ROWS, "lengths": lengths, **change})


def spec(name: str, **change: Any) -> ModelSpec:
    """1,000 parameters, 400 of them embeddings."""
    fields: dict[str, Any] = {
        "name": name, "revision": None, "fingerprint": f"weights of {name}", "parameters": 1000,
        "embedding_parameters": 400, "layers": 2, "hidden": 8, "max_length": 64, "pad": 1, "config": {},
    }  # fmt: skip
    return ModelSpec(**{**fields, **change})


def from_scratch(name: str, size: scratch.SizeName = "nano", vocabulary: int = 64) -> ModelSpec:
    """A model from scratch as a lock holds it; its tokenizer is made up."""
    return scratch.spec_of(name, size, {"model": {"vocab": {f"piece-{i}": i for i in range(vocabulary)}}})


SCRATCH = "{id: fresh, scratch: {size: nano, text: world_text, vocabulary: 64, seed: 5}}"
"""A study's model that ``from_scratch("fresh")`` is the specification of."""


@cache
def whole_lock() -> Lock:
    """``lock()``, made once."""
    return lock()


LANGUAGES = ("en", "de", "qaa", "mul")


def lock(
    models: Sequence[str | ModelSpec] = ("tiny",),
    changed: Mapping[str, Mapping[str, Any]] | None = None,
    tasks: Sequence[str] | None = None,
    **model: Any,
) -> Lock:
    """A lock of every task in a few languages; ``changed`` gives fields of splits, ``model`` of the models."""
    specs = {made.name: made for made in (spec(m, **model) if isinstance(m, str) else m for m in models)}
    known = [SHIPPED.get(name) for name in tasks or SHIPPED.names()]
    splits = {}
    for task in known:
        for language in LANGUAGES:
            for part in task.splits:
                if language in task.languages and (part != "train" or language == task.trains_in):
                    place = f"{task.name}/{language}/{part}"
                    splits[place] = split(place, tuple(specs), **(changed or {}).get(place, {}))
    return Lock(
        components=components(SHIPPED.get(name) for name in SHIPPED.names()),
        tasks=declarations(known),
        revisions={},
        asked=tuple(f"{t.name}/{code}/{part}" for t in known for code in t.languages for part in t.splits),
        splits=splits,
        models=specs,
    )


def planned(
    folder: Path, made: Lock | None = None, decisions: Decisions | None = None, /, **fields: str | None
) -> Plan:
    """Plan the good study with some fields replaced."""
    return plan(study(folder, **fields), made or whole_lock(), decisions or {})


def phases(found: Plan, role: str, trains_on: str) -> list[Phase]:
    """Phases with that role that train on ``trains_on`` (titles joined by ' + ')."""
    return [p.phase for p in found.phases.values() if role in p.roles and p.phase.name == trains_on]


def all_keys(found: Plan) -> set[str]:
    return {*found.phases, *found.evaluations, *(experiment.key for experiment in found.experiments)}
