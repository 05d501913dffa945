"""X-CSQA: CommonsenseQA in sixteen languages, by machine (Lin et al. 2021); trained on CommonsenseQA.

Its test labels are not public, so the validation data are what is scored. By their numbers, its rows and the 8,888 that
its authors train on are CommonsenseQA's train and validation data dealt out anew: what is trained on here may hold some
of what is scored. A few German rows have an option without text; they stay, as in other languages.
"""

from xfer.tasks import suites
from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "x_csqa",
    format=Choice(),
    source=hub("INK-USC/xcsr", "X-CSQA-{code}", codes={"ja": "jap"}),
    columns={"question": "question.stem", "options": "question.choices.text", "label": "answerKey"},
    labels=("A", "B", "C", "D", "E"),
    splits={"test": "validation"},
    languages=suites.X_CSQA,
    trains_on="commonsense_qa",
    metric="accuracy",
    derived_from=("commonsense_qa",),
    licence="MIT",
    citation="Lin et al. 2021, arXiv 2106.06937",
)
