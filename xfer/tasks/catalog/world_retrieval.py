"""Retrieval in a generated world: the translation of an English clause among all of the test's."""

from xfer.tasks.formats.retrieval import Retrieval
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

TASK = Task(
    "world_retrieval",
    format=Retrieval(),
    source=Generated("retrieval"),
    columns={"query": "query", "candidate": "candidate"},
    splits={"test": "test"},
    metric="accuracy",
    depth=1 / 2,
    licence="generated",
)
