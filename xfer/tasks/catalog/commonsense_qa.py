"""CommonsenseQA: questions with five answers (Talmor et al. 2019); its test labels are not public."""

from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "commonsense_qa",
    format=Choice(),
    source=hub("tau/commonsense_qa", "default"),
    columns={"question": "question", "options": "choices.text", "label": "answerKey"},
    labels=("A", "B", "C", "D", "E"),
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="commonsense_qa",
    metric="accuracy",
    suites=("intermediate",),
    licence="MIT",
    citation="Talmor et al. 2019, arXiv 1811.00937",
    train_size=9_741,
)
