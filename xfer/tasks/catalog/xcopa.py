"""XCOPA: COPA in eleven languages, its questions in English (Ponti et al. 2020); trained on COPA."""

from xfer.tasks import suites
from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "xcopa",
    format=Choice(),
    source=hub("cambridgeltl/xcopa", "{code}"),
    columns={"context": "premise", "question": "question", "options": ("choice1", "choice2"), "label": "label"},
    words={"question": suites.COPA_QUESTIONS},
    labels=("choice1", "choice2"),
    label_names={"0": "choice1", "1": "choice2"},
    splits={"validation": "validation", "test": "test"},
    languages=suites.XCOPA,
    trains_on="copa",
    metric="accuracy",
    parallel="idx",
    licence="CC-BY-4.0",
    citation="Ponti et al. 2020, arXiv 2005.00333",
)
