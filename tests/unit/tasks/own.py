"""A study's own task as a user would write it, and its data."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tests.world import STRING, put

MINE = '''\
"""Which of two moods a sentence is in."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import Generated, hub
from xfer.tasks.task import Task

TASK = Task(
    "mine",
    format=Classification(),
    source=hub("me/moods", "{code}"),
    columns={"first": "text", "label": "mood"},
    labels=("glum", "merry"),
    languages=("en", "de"),
    trains_on="mine",
    metric="accuracy",
    licence="my own",
)
'''
"""Line 7 is where its declaration begins."""


def task_file(folder: Path, content: str = MINE, name: str = "mine.py") -> Path:
    """A file in the study's folder of own tasks."""
    path = folder / "my_tasks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return path


def changed(before: str, after: str) -> str:
    """The good task with one thing written otherwise."""
    assert MINE.count(before) == 1, f"{before} must stand there once"
    return MINE.replace(before, after)


def data(root: Path) -> Path:
    """What the task's source names, in English and German."""
    table = pa.table({"text": ["the red cat .", "the blue dog ."] * 20, "mood": ["glum", "merry"] * 20})
    for code in ("en", "de"):
        for split in ("train", "validation", "test"):
            put(root, "me/moods", code, split, table, {"text": STRING, "mood": STRING})
    return root
