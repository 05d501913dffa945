"""XQuAD: 240 paragraphs of SQuAD v1.1's validation data in eleven languages (Artetxe et al. 2020); trained on SQuAD."""

from xfer.tasks import suites
from xfer.tasks.formats.span import AS_SQUAD, Span
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "xquad",
    format=Span(),
    source=hub("google/xquad", "xquad.{code}"),
    columns=AS_SQUAD,
    splits={"test": "validation"},
    languages=suites.XQUAD,
    trains_on="squad",
    metric="squad_em_f1",
    cluster="context",
    parallel="id",
    id="id",
    suites=("xtreme",),
    licence="CC-BY-SA-4.0",
    citation="Artetxe et al. 2020, arXiv 1910.11856",
)
