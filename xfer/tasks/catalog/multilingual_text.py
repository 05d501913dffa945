"""Sentences of XNLI, PAWS-X, PAN-X and UD in nine languages, of their training and validation sides: to pretrain on."""

from xfer.tasks.formats.masked_text import MaskedText
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "multilingual_text",
    format=MaskedText(),
    source=hub("local/multilingual-text", "{code}"),
    columns={"text": "text"},
    splits={"train": "train"},
    languages=("ar", "de", "en", "es", "fr", "hi", "sw", "tr", "zh"),
    trains_on="multilingual_text",
    licence="as its sources",
    citation="Conneau et al. 2018, Yang et al. 2019, Pan et al. 2017 and Nivre et al. 2020",
)
