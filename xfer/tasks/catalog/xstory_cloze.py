"""XStoryCloze: the right end of a story of four sentences, in eleven languages (Lin et al. 2022).

Its English training data are the 360 rows of the benchmark itself. It has one split to be scored, in English those
rows also choose checkpoints.
"""

from xfer.tasks import suites
from xfer.tasks.formats.choice import Choice
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "xstory_cloze",
    format=Choice(),
    source=hub("juletxara/xstory_cloze", "{code}", branch="refs/convert/parquet"),
    columns={
        "context": ("input_sentence_1", "input_sentence_2", "input_sentence_3", "input_sentence_4"),
        "options": ("sentence_quiz1", "sentence_quiz2"),
        "label": "answer_right_ending",
    },
    labels=("first", "second"),
    label_names={"1": "first", "2": "second"},
    splits={"train": "train", "validation": "eval"},
    languages=suites.XSTORY_CLOZE,
    trains_on="xstory_cloze",
    metric="accuracy",
    licence="CC-BY-SA-4.0",
    citation="Lin et al. 2022, arXiv 2112.10668",
    train_size=360,
)
