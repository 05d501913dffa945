"""Quora Question Pairs: do two questions ask the same? As in GLUE; its test labels are not public."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "qqp",
    format=Classification(),
    source=hub("nyu-mll/glue", "qqp"),
    columns={"first": "question1", "second": "question2", "label": "label"},
    labels=("not_duplicate", "duplicate"),
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="qqp",
    metric="accuracy",
    near=("pawsx",),
    suites=("intermediate",),
    licence="Quora's terms of service",
    citation="Iyer et al. 2017, First Quora Dataset Release: Question Pairs",
    train_size=363_846,
)
