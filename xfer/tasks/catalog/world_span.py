"""Question answering in a generated world: the object of the clause whose verb means the same as the question's."""

from xfer.tasks.formats.span import Span
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

TASK = Task(
    "world_span",
    format=Span(),
    source=Generated("span"),
    columns={"context": "context", "question": "question", "answers": "answers", "starts": "starts"},
    trains_on="world_span",
    metric="squad_em_f1",
    licence="generated",
)
