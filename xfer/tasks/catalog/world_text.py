"""Text of a generated world, all its languages mixed, half of it as pairs of translations: to pretrain on."""

from xfer.tasks.formats.masked_text import MaskedText
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

TASK = Task(
    "world_text",
    format=MaskedText(),
    source=Generated("text"),
    columns={"text": "text"},
    splits={"train": "train"},
    trains_on="world_text",
    trains_in="mul",
    licence="generated",
)
