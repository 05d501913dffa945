"""AmericasNLI: XNLI in ten Indigenous languages of the Americas (Ebrahimi et al. 2022); trained on MNLI."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "americas_nli",
    format=Classification(),
    source=hub("nala-cub/americas_nli", "{code}", codes={"ay": "aym"}),
    columns={"first": "premise", "second": "hypothesis", "label": "label"},
    labels=("entailment", "neutral", "contradiction"),
    splits={"validation": "validation", "test": "test"},
    languages=("ay", "bzd", "cni", "gn", "hch", "nah", "oto", "quy", "shp", "tar"),
    trains_on="mnli",
    metric="accuracy",
    cluster="premise",
    near=("snli",),
    derived_from=("xnli",),
    licence="CC-BY-SA-4.0",
    citation="Ebrahimi et al. 2022, arXiv 2104.08726",
)
