"""Chunks of CoNLL 2000: sections 15-18 and 20 of the Wall Street Journal cut into phrases that do not nest.

``local/conll2000`` below a data root holds ``train.txt`` and ``test.txt`` as they were published. There are no
validation data, so no checkpoint can be chosen on them.
"""

from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.readers.conll import Conll
from xfer.tasks.source import Folder
from xfer.tasks.task import Task

PHRASES = ("ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP")

TASK = Task(
    "chunking",
    format=Tagging(),
    source=Folder("local/conll2000", Conll(("tokens", "pos", "chunks"))),
    columns={"tokens": "tokens", "tags": "chunks"},
    labels=("O", *(f"{begins}-{phrase}" for phrase in PHRASES for begins in "BI")),
    splits={"train": "train", "test": "test"},
    languages=("en",),
    trains_on="chunking",
    metric="tag_f1",
    licence="not stated (text of the Wall Street Journal)",
    citation="Tjong Kim Sang and Buchholz 2000, ACL W00-0726",
    train_size=8_936,
)
