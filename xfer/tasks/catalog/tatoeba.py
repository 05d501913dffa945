"""Tatoeba: the translation of an English sentence among up to 1,000 (Artetxe and Schwenk 2019).

Mean-pooled hidden states at 14/24 of the model's depth: layer 14 of XLM-R large in the recipe that the
authors of arXiv 2005.13013 released.
"""

from xfer.tasks import suites
from xfer.tasks.formats.retrieval import Retrieval
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "tatoeba",
    format=Retrieval(),
    source=hub("mteb/tatoeba-bitext-mining", "{code}-eng", codes=suites.ISO_639_3),
    columns={"query": "sentence2", "candidate": "sentence1"},
    splits={"test": "test"},
    languages=suites.TATOEBA,
    metric="accuracy",
    depth=14 / 24,
    suites=("xtreme",),
    licence="CC-BY-2.0-FR",
    citation="Artetxe and Schwenk 2019, arXiv 1812.10464",
)
