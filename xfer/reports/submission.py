"""A submission to XTREME: of each of its tasks the stored predictions of one run, in the benchmark's own form."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from xfer.errors import DataError, UserError, XferError
from xfer.phase.evaluation import Evaluation
from xfer.reports.chosen import Chosen, choose, runs
from xfer.reports.reported import NONE
from xfer.reports.views import Views
from xfer.reports.xtreme import targets_of
from xfer.reports.xtreme_files import LAYOUTS, Layout
from xfer.study.opening import Opened
from xfer.study.schema import Study
from xfer.tasks.data import DataRoots
from xfer.tasks.registry import suggestion
from xfer.tasks.task import Task

EVERY = ""
"""Instead of a target, where an arm is named for all of them."""


@dataclass(frozen=True)
class File:
    """The predictions for one language."""

    content: str
    rows: int
    """Rows of the source that it stands for."""
    evaluation: Evaluation
    is_numbered: bool
    """Whether ids that stand for several rows got numbers."""


@dataclass(frozen=True)
class Handed:
    """What is handed in for one of the benchmark's tasks."""

    layout: Layout
    target: str
    chosen: Chosen
    files: Mapping[str, File]
    """By language."""
    missing: tuple[str, ...]
    """Languages of the benchmark that nothing was predicted for."""
    notes: tuple[str, ...]
    """What a reader of its scores must know."""

    @property
    def complete(self) -> bool:
        """Whether it is there in all languages, and, where that is known, with all rows of the benchmark's test."""
        return not self.missing and all(self.layout.rows in (None, file.rows) for file in self.files.values())

    def about(self) -> dict[str, object]:
        """Where its predictions come from."""
        run, means = self.chosen.run, self.chosen.means
        return {
            "target": self.target,
            "arm": run.arm,
            "seed": run.seed,
            "checkpoint": run.checkpoint,
            "chosen_on": self.chosen.on,
            "validation": {arm: {"mean": mean, "runs": count} for arm, (mean, count) in means.items()},
            "files": {
                self.layout.file(language): {
                    "rows": file.rows, "split": file.evaluation.data.split, "evaluation": file.evaluation.key
                }
                for language, file in self.files.items()
            },
            "missing_languages": self.missing,
            "notes": self.notes,
        }  # fmt: skip


@dataclass(frozen=True)
class Submission:
    """The folder's content, and what it lacks."""

    study: str
    model: str
    handed: tuple[Handed, ...]
    missing: Mapping[str, str]
    """By the benchmark's task: why there is nothing of it."""
    left_out: tuple[str, ...]
    """Targets of the study that are not handed in."""

    @property
    def complete(self) -> bool:
        """Whether all tasks are there and complete."""
        return not self.missing and all(one.complete for one in self.handed)

    def files(self) -> dict[str, bytes]:
        """By path: the predictions, and ``submission.json``, which says where they come from."""
        found = {
            one.layout.file(language): file.content.encode()
            for one in self.handed
            for language, file in one.files.items()
        }
        about = {
            "benchmark": "XTREME",
            "study": self.study,
            "model": self.model,
            "complete": self.complete,
            "tasks": {one.layout.folder: one.about() for one in self.handed},
            "missing_tasks": self.missing,
            "left_out": self.left_out,
        }
        return {**found, "submission.json": (json.dumps(about, indent=1) + "\n").encode()}


def submission(opened: Opened, data: DataRoots, arms: Mapping[str, str], model: str | None = None) -> Submission:
    """The predictions of one model for XTREME.

    ``arms``: by target the arm that is meant, and under ``EVERY`` that of all others. ``data``: where questions' ids
    and retrieval's sentences are read again. Raises ``UserError`` for an arm, a target or a model that the study does
    not have, and when there is nothing to hand in; ``DataError`` for data that are not those that were predicted.
    """
    study = opened.study
    _check_names(opened, arms)
    targets = targets_of(study) | {study.target(name).task: name for name in arms if name != EVERY}
    maker = _Maker(opened, data, _model(study, model))
    handed, missing = [], {}
    for name, layout in LAYOUTS.items():
        if name not in targets:
            missing[layout.folder] = "no target of the study"
            continue
        arm = arms.get(targets[name], arms.get(EVERY))
        one = maker.handed(layout, study.registry.get(name), targets[name], arm)
        if isinstance(one, str):
            missing[layout.folder] = one
        else:
            handed.append(one)
    if not handed:
        raise UserError("nothing is predicted yet that XTREME asks for", str(study.path), f"xfer run {study.path}")
    left_out = tuple(name for name in study.target_names if name not in {one.target for one in handed})
    return Submission(study.study, maker.model, tuple(handed), missing, left_out)


class _Maker:
    """Makes the files of one task after the other."""

    def __init__(self, opened: Opened, data: DataRoots, model: str) -> None:
        self._opened, self._data, self.model = opened, data, model
        self._views = Views(opened.plan, opened.store)
        scores = self._views.scores()
        self._scores = scores.filter(pc.and_(scores["major"], pc.equal(scores["model"], model)))

    def handed(self, layout: Layout, task: Task, target: str, arm: str | None) -> Handed | str:
        """What is handed in for a task, or why there is nothing."""
        plan, split = self._opened.plan, "test" if "test" in task.splits else "validation"
        on = self._opened.study.select.on or task.selects_on
        on = "" if on.startswith(f"{split}/") else on
        chosen = choose(list(runs(plan, self._scores, self.model, target, split, on)), on, arm)
        if chosen is None:
            keys = (key for cell in plan.cells if cell.target == target for key in cell.evaluations)
            if not any(plan.evaluations[key].data.split == split for key in keys):
                return f"the study evaluates none of its {split} data"
            return f"no run of arm {arm or NONE} has all its predictions yet"
        files = {file.evaluation.data.language: file for file in self._files(layout, task, chosen)}
        missing = tuple(code for code in task.languages if code not in files)
        return Handed(layout, target, chosen, files, missing, tuple(_notes(layout, chosen, files)))

    def _files(self, layout: Layout, task: Task, chosen: Chosen) -> Iterator[File]:
        predictions = self._views.predictions([evaluation.key for evaluation in chosen.run.evaluations])
        for evaluation in chosen.run.evaluations:
            rows = predictions.filter(pc.equal(predictions["evaluation"], evaluation.key))
            examples = rows["example"].combine_chunks()
            distinct = len(pc.unique(examples))
            if not rows.num_rows or distinct < rows.num_rows:
                what = f"evaluation {evaluation.key} has {rows.num_rows} predictions for {distinct} rows"
                raise XferError(what, self._opened.store.url, "run the study again, which mends what is damaged")
            held = self._held(layout, task, evaluation, examples) if layout.reads else []
            is_shared = layout.reads == "id" and len(set(held)) < len(held)
            content = layout.write(rows["prediction"].to_pylist(), _numbered(held) if is_shared else held)
            yield File(content, rows.num_rows, evaluation, is_shared)

    def _held(self, layout: Layout, task: Task, evaluation: Evaluation, examples: pa.Array) -> list[str]:
        """What the rows that were predicted hold in the field that a file goes by."""
        place = task, evaluation.data.language, evaluation.data.split
        where = str(self._data.locate(*place))
        if self._data.fingerprint(*place) != evaluation.data.data:
            fix = "give the data that the study was locked with (XFER_DATA, --data)"
            raise DataError("this is no longer what was predicted", where, fix)
        column = {"id": task.id, **task.columns}[layout.reads]
        assert column is not None, f"task {task.name} declares no id"
        held: list[str] = self._data.column(*place, column).take(examples).cast(pa.string()).to_pylist()
        return held


def _numbered(names: Sequence[str]) -> list[str]:
    """The same names, those that have been there already with a number of their own."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found


def _notes(layout: Layout, chosen: Chosen, files: Mapping[str, File]) -> Iterator[str]:
    looked_at = chosen.run.checkpoint["selected_by"].split("+")
    sets = {code: file.evaluation.data for code, file in files.items()}
    seen = [code for code, data in sets.items() if f"{data.task}/{data.split}/{code}" in looked_at]
    if seen:
        yield f"the checkpoint was chosen on what is handed in ({', '.join(seen)})"
    other = [f"{code} {file.rows}" for code, file in files.items() if layout.rows not in (None, file.rows)]
    if other:
        yield f"the benchmark's test has {layout.rows} rows in each language; here it is {', '.join(other)}"
    shared = [code for code, file in files.items() if file.is_numbered]
    if shared:
        yield f"ids of several rows got numbers ({', '.join(shared)}): these are not the benchmark's own data"
    if layout.note:
        yield layout.note


def _model(study: Study, model: str | None) -> str:
    """The model that is meant."""
    known = tuple(ref.id for ref in study.models)
    if model is None and len(known) > 1:
        fix = f"name one: --model {' or '.join(known)}"
        raise UserError(f"the study has {len(known)} models", str(study.path), fix)
    if model is not None and model not in known:
        raise UserError(f"the study has no model '{model}'", str(study.path), suggestion(model, known))
    return model or known[0]


def _check_names(opened: Opened, arms: Mapping[str, str]) -> None:
    study, known = opened.study, tuple(dict.fromkeys(cell.arm for cell in opened.plan.cells))
    known_tasks = targets_of(study)
    targets = tuple(target.name for target in study.targets if target.task in known_tasks)
    if not targets:
        raise UserError("no target of the study is one of XTREME's", str(study.path), f"these are {', '.join(LAYOUTS)}")
    for target, arm in arms.items():
        if target not in (EVERY, *targets):
            what = f"the study has no target '{target}' that XTREME has, too"
            raise UserError(what, str(study.path), suggestion(target, targets))
        if arm not in known:
            raise UserError(f"the study has no arm '{arm}'", str(study.path), suggestion(arm, known))
