"""HellaSwag: how does a scene go on? Four endings (Zellers et al. 2019); its test labels are not public."""

from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "hellaswag",
    format=Choice(),
    source=hub(
        "Rowan/hellaswag", "default", branch="refs/convert/parquet", copies=(("vikhyatk/hellaswag", "default"),)
    ),
    columns={"context": "ctx", "options": "endings", "label": "label"},
    labels=("0", "1", "2", "3"),
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="hellaswag",
    metric="accuracy",
    cluster="ctx",
    suites=("intermediate",),
    licence="MIT",
    citation="Zellers et al. 2019, arXiv 1905.07830",
    train_size=39_905,
)
