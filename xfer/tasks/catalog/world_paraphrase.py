"""Paraphrase identification in a generated world: do the two clauses' verbs mean the same?"""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

TASK = Task(
    "world_paraphrase",
    format=Classification(),
    source=Generated("paraphrase"),
    columns={"first": "first", "second": "second", "label": "label"},
    labels=("different", "paraphrase"),
    trains_on="world_paraphrase",
    metric="accuracy",
    parallel="example",
    licence="generated",
)
