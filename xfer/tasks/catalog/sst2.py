"""Stanford Sentiment Treebank, two classes (Socher et al. 2013), as in GLUE; its test labels are not public."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "sst2",
    format=Classification(),
    source=hub("nyu-mll/glue", "sst2"),
    columns={"first": "sentence", "label": "label"},
    labels=("negative", "positive"),
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="sst2",
    metric="accuracy",
    licence="not stated (text of Rotten Tomatoes)",
    citation="Socher et al. 2013, ACL D13-1170",
    train_size=67_349,
)
