"""Parts of speech in a generated world."""

from xfer.synthetic.tables import TAGS
from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

TASK = Task(
    "world_tagging",
    format=Tagging(),
    source=Generated("tagging"),
    columns={"tokens": "tokens", "tags": "tags"},
    labels=TAGS,
    trains_on="world_tagging",
    metric="token_accuracy",
    parallel="example",
    licence="generated",
)
