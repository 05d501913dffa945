"""SQuAD v2.0: SQuAD's questions, and a third as many that look alike and have no answer (Rajpurkar et al. 2018)."""

from xfer.tasks.formats.span import AS_SQUAD, Span
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "squad2",
    format=Span(may_abstain=True),
    source=hub("rajpurkar/squad_v2", "squad_v2"),
    columns=AS_SQUAD,
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="squad2",
    metric="squad_em_f1",
    cluster="context",
    contains=("squad",),
    suites=("intermediate",),
    licence="CC-BY-SA-4.0",
    citation="Rajpurkar et al. 2018, arXiv 1806.03822",
    train_size=130_319,
)
