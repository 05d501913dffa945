"""Multiple choice in a generated world: which of three clauses has the verb that means the same as the context's?"""

from xfer.synthetic.questions import ORDINALS
from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import Generated
from xfer.tasks.task import Task

TASK = Task(
    "world_choice",
    format=Choice(),
    source=Generated("choice"),
    columns={"context": "context", "options": "options", "label": "label"},
    labels=ORDINALS,
    trains_on="world_choice",
    metric="accuracy",
    licence="generated",
)
