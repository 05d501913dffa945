"""Cosmos QA: what people's stories leave unsaid, four answers (Huang et al. 2019); its test labels are not public."""

from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "cosmos_qa",
    format=Choice(),
    source=hub(
        "allenai/cosmos_qa", "default", branch="refs/convert/parquet", copies=(("Samsoup/cosmos_qa", "default"),)
    ),
    columns={
        "context": "context",
        "question": "question",
        "options": ("answer0", "answer1", "answer2", "answer3"),
        "label": "label",
    },
    labels=("A", "B", "C", "D"),
    label_names={"0": "A", "1": "B", "2": "C", "3": "D"},
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="cosmos_qa",
    metric="accuracy",
    cluster="context",
    suites=("intermediate",),
    licence="CC-BY-4.0",
    citation="Huang et al. 2019, arXiv 1909.00277",
    train_size=25_262,
)
