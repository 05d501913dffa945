"""Cross-lingual NLI (Conneau et al. 2018); trained on MNLI, evaluated in 15 languages.

The rows in google/xtreme have other columns.
"""

from xfer.tasks import suites
from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "xnli",
    format=Classification(),
    source=hub("facebook/xnli", "{code}"),
    columns={"first": "premise", "second": "hypothesis", "label": "label"},
    labels=("entailment", "neutral", "contradiction"),
    splits={"validation": "validation", "test": "test"},
    languages=suites.XNLI,
    trains_on="mnli",
    metric="accuracy",
    cluster="premise",
    near=("snli",),
    suites=("xtreme",),
    parallel="example",
    licence="CC-BY-NC-4.0",
    citation="Conneau et al. 2018, arXiv 1809.05053",
)
