"""BUCC 2018: which of many German, French, Russian or Chinese sentences are translations of which English ones.

The threshold is found on the organisers' sample and tested on their training data, as in XTREME: the gold of their test
is not public. Hidden states as for Tatoeba, at 14/24 of the model's depth. ``local/bucc2018`` below a data root holds
the organisers' archives, unpacked: ``de-en/de-en.training.de`` and so on.
"""

from xfer.tasks import suites
from xfer.tasks.formats.mining import Mining
from xfer.tasks.readers.bucc import Bucc
from xfer.tasks.source import Folder
from xfer.tasks.task import Task

TASK = Task(
    "bucc",
    format=Mining(),
    source=Folder("local/bucc2018", Bucc()),
    columns={name: name for name in Mining.fields},
    splits={"validation": "sample", "test": "training"},
    languages=suites.BUCC,
    metric="mining_f1",
    depth=14 / 24,
    suites=("xtreme",),
    licence="not stated (mostly text of Wikipedia)",
    citation="Zweigenbaum et al. 2018, BUCC at LREC (979-10-95546-07-8)",
)
