"""MLQA: questions on Wikipedia with a context in one of seven languages (Lewis et al. 2020); trained on SQuAD."""

from xfer.tasks import suites
from xfer.tasks.formats.span import AS_SQUAD, Span
from xfer.tasks.metrics import MLQA_EM, MLQA_EM_F1, MLQA_F1
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "mlqa",
    format=Span(metrics=(MLQA_EM, MLQA_F1, MLQA_EM_F1)),
    source=hub("facebook/mlqa", "mlqa.{code}.{code}", copies=(("google/xtreme", "MLQA.{code}.{code}"),)),
    columns=AS_SQUAD,
    splits={"validation": "validation", "test": "test"},
    languages=suites.MLQA,
    trains_on="squad",
    metric="mlqa_em_f1",
    cluster="context",
    suites=("xtreme",),
    licence="CC-BY-SA-3.0",
    citation="Lewis et al. 2020, arXiv 1910.07475",
)
