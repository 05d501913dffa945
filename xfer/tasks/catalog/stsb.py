"""STS-B: how alike two sentences are, from 0 to 5 (Cer et al. 2017), as in GLUE; its test scores are not public."""

from xfer.tasks.formats.rating import Rating
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "stsb",
    format=Rating(),
    source=hub("nyu-mll/glue", "stsb"),
    columns={"first": "sentence1", "second": "sentence2", "score": "label"},
    labels=tuple(f"{step / 5:.1f}" for step in range(26)),
    splits={"train": "train", "validation": "validation"},
    languages=("en",),
    trains_on="stsb",
    metric="pearson",
    licence="not stated (text of news, captions and forums)",
    citation="Cer et al. 2017, arXiv 1708.00055",
    train_size=5_749,
    unverified=True,
)
