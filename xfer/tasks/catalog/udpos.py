"""Universal part-of-speech tags (Universal Dependencies 2.5, XTREME's merged English treebanks)."""

from xfer.tasks import suites
from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "udpos",
    format=Tagging(),
    source=hub("google/xtreme", "udpos.{code}", codes=suites.ENGLISH_NAMES),
    columns={"tokens": "tokens", "tags": "pos_tags"},
    labels=(
        "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
        "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
    ),
    languages=suites.UDPOS,
    trains_on="udpos",
    metric="tag_f1",
    suites=("xtreme",),
    licence="CC-BY-SA, by treebank",
    citation="Nivre et al. 2020, arXiv 2004.10643",
    train_size=21_253,
)  # fmt: skip
