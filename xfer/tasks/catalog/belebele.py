"""Belebele: reading with four answers, parallel in 122 languages, of which XTREME's (Bandarkar et al. 2024).

It has no training data; Cosmos QA asks for four answers to a text as well.
"""

from xfer.tasks import suites
from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "belebele",
    format=Choice(),
    source=hub("facebook/belebele", "{code}", codes=suites.FLORES),
    columns={
        "context": "flores_passage",
        "question": "question",
        "options": ("mc_answer1", "mc_answer2", "mc_answer3", "mc_answer4"),
        "label": "correct_answer_num",
    },
    labels=("A", "B", "C", "D"),
    label_names={"1": "A", "2": "B", "3": "C", "4": "D"},
    splits={"test": "test"},
    languages=tuple(suites.FLORES),
    trains_on="cosmos_qa",
    metric="accuracy",
    cluster="flores_passage",
    licence="CC-BY-SA-4.0",
    citation="Bandarkar et al. 2024, arXiv 2308.16884",
)
