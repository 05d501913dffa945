"""NLI in a generated world: the hypothesis' verb means the same, the opposite, or something else."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

TASK = Task(
    "world_nli",
    format=Classification(),
    source=Generated("nli"),
    columns={"first": "premise", "second": "hypothesis", "label": "label"},
    labels=("entailment", "neutral", "contradiction"),
    trains_on="world_nli",
    metric="accuracy",
    parallel="example",
    licence="generated",
)
