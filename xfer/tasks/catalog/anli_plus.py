"""ANLI+: adversarial NLI, MNLI and SNLI one after the other under one head, as in Phang et al. 2020."""

from xfer.tasks.catalog.anli import TASK as ANLI
from xfer.tasks.catalog.mnli import TASK as MNLI
from xfer.tasks.catalog.snli import TASK as SNLI
from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import Concatenation
from xfer.tasks.task import Task

TASK = Task(
    "anli_plus",
    format=Classification(),
    source=Concatenation((ANLI, MNLI, SNLI)),
    columns={"first": "first", "second": "second", "label": "label"},
    labels=("entailment", "neutral", "contradiction"),
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="anli_plus",
    metric="accuracy",
    cluster="cluster",
    contains=("anli", "mnli", "snli"),
    suites=("intermediate",),
    licence="that of its parts",
    citation="Nie et al. 2020, arXiv 1910.14599",
    train_size=1_104_934,
)
