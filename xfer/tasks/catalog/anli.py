"""Adversarial NLI, its three rounds together (Nie et al. 2020). As a target it is trained on MNLI, not on itself."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "anli",
    format=Classification(),
    source=hub("facebook/anli", "plain_text"),
    columns={"first": "premise", "second": "hypothesis", "label": "label"},
    labels=("entailment", "neutral", "contradiction"),
    label_names={"0": "entailment", "1": "neutral", "2": "contradiction"},
    splits={
        "train": "train_r1+train_r2+train_r3",
        "validation": "dev_r1+dev_r2+dev_r3",
        "test": "test_r1+test_r2+test_r3",
    },
    languages=("en",),
    trains_on="mnli",
    metric="accuracy",
    cluster="premise",
    near=("mnli", "snli"),
    licence="CC-BY-NC-4.0",
    citation="Nie et al. 2020, arXiv 1910.14599",
    train_size=162_865,
)
