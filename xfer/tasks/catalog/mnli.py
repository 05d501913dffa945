"""Multi-Genre NLI (Williams et al. 2018)."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "mnli",
    format=Classification(),
    source=hub("nyu-mll/glue", "mnli"),
    columns={"first": "premise", "second": "hypothesis", "label": "label"},
    labels=("entailment", "neutral", "contradiction"),
    splits={"train": "train", "validation": "validation_matched"},
    languages=("en",),
    trains_on="mnli",
    metric="accuracy",
    cluster="premise",
    near=("snli",),
    suites=("intermediate",),
    licence="OANC, CC-BY-SA-3.0 and others, by genre",
    citation="Williams et al. 2018, arXiv 1704.05426",
    train_size=392_702,
)
