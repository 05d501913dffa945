"""Stanford NLI (Bowman et al. 2015); rows without a gold label are left out."""

from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "snli",
    format=Classification(),
    source=hub("stanfordnlp/snli", "plain_text"),
    columns={"first": "premise", "second": "hypothesis", "label": "label"},
    labels=("entailment", "neutral", "contradiction"),
    languages=("en",),
    trains_on="snli",
    metric="accuracy",
    cluster="premise",
    drop_unlabelled=True,
    near=("mnli",),
    licence="CC-BY-SA-4.0",
    citation="Bowman et al. 2015, arXiv 1508.05326",
    train_size=549_367,
)
