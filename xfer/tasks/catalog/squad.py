"""SQuAD v1.1: every question has an answer in its paragraph (Rajpurkar et al. 2016); its test is not public."""

from xfer.tasks.formats.span import AS_SQUAD, Span
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "squad",
    format=Span(),
    source=hub("rajpurkar/squad", "plain_text"),
    columns=AS_SQUAD,
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="squad",
    metric="squad_em_f1",
    cluster="context",
    suites=("intermediate",),
    licence="CC-BY-SA-4.0",
    citation="Rajpurkar et al. 2016, arXiv 1606.05250",
    train_size=87_599,
)
