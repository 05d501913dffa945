"""Social IQa: what people do, want and feel, three answers (Sap et al. 2019); its test labels are not public."""

from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "social_i_qa",
    format=Choice(),
    source=hub("allenai/social_i_qa", "default", branch="refs/convert/parquet"),
    columns={
        "context": "context",
        "question": "question",
        "options": ("answerA", "answerB", "answerC"),
        "label": "label",
    },
    labels=("A", "B", "C"),
    label_names={"1": "A", "2": "B", "3": "C"},
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="social_i_qa",
    metric="accuracy",
    cluster="context",
    licence="CC-BY-4.0",
    citation="Sap et al. 2019, arXiv 1904.09728",
    train_size=33_410,
)
