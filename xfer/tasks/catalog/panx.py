"""PAN-X: named entities of WikiANN in XTREME's 40 languages (Pan et al. 2017, Rahimi et al. 2019)."""

from xfer.tasks import suites
from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "panx",
    format=Tagging(),
    source=hub("unimelb-nlp/wikiann", "{code}", copies=(("google/xtreme", "PAN-X.{code}"),)),
    columns={"tokens": "tokens", "tags": "ner_tags"},
    labels=("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"),
    languages=suites.PANX,
    trains_on="panx",
    metric="tag_f1",
    suites=("xtreme",),
    licence="not stated (text of Wikipedia, CC-BY-SA)",
    citation="Pan et al. 2017, ACL P17-1178",
    train_size=20_000,
)
