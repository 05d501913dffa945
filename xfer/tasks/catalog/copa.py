"""COPA: the likelier cause or effect of an event, two answers (Roemmele et al. 2011), as in SuperGLUE."""

from xfer.tasks import suites
from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "copa",
    format=Choice(),
    source=hub("aps/super_glue", "copa", copies=(("cambridgeltl/xcopa", "en"),)),
    columns={"context": "premise", "question": "question", "options": ("choice1", "choice2"), "label": "label"},
    words={"question": suites.COPA_QUESTIONS},
    labels=("choice1", "choice2"),
    label_names={"0": "choice1", "1": "choice2"},
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="copa",
    metric="accuracy",
    licence="BSD-2-Clause",
    citation="Roemmele et al. 2011, AAAI Spring Symposium",
    train_size=400,
)
