"""TyDiQA-GoldP: questions asked in nine languages, the paragraph with the answer given (Clark et al. 2020).

Its test is not public, so XTREME scores the validation data; in English they also choose checkpoints. All languages
are one file, and a row's id begins with the name of its own.
"""

from xfer.tasks import suites
from xfer.tasks.formats.span import AS_SQUAD, Span
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "tydiqa",
    format=Span(),
    source=hub(
        "google-research-datasets/tydiqa", "secondary_task", codes=suites.TYDIQA_NAMES, begins=("id", "{code}-")
    ),
    columns=AS_SQUAD,
    splits={"train": "train", "validation": "validation"},
    languages=suites.TYDIQA,
    trains_on="tydiqa",
    metric="squad_em_f1",
    cluster="context",
    near=("squad",),
    id="id",
    suites=("xtreme",),
    licence="Apache-2.0",
    citation="Clark et al. 2020, arXiv 2003.05002",
    train_size=3_696,
)
