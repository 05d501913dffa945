"""CCG supertags: CCGbank's lexical categories, sections 02-21 of the Wall Street Journal, 00 and 23.

``local/ccgbank`` below a data root is the corpus as LDC gives it out, with ``data/AUTO/00`` to ``data/AUTO/24``. A tag
of section 00 or 23 that never occurs in training counts as wrong. The size is what studies of intermediate tasks
state, whose training sections may be others; a lock counts the rows.
"""

from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.readers.ccgbank import CCGbank
from xfer.tasks.source import Folder
from xfer.tasks.task import Task

TASK = Task(
    "ccg",
    format=Tagging(),
    source=Folder("local/ccgbank", CCGbank()),
    columns={"tokens": "tokens", "tags": "tags"},
    open_labels=True,
    splits={"train": "02-21", "validation": "00", "test": "23"},
    languages=("en",),
    trains_on="ccg",
    metric="token_accuracy",
    cluster="article",
    suites=("intermediate",),
    licence="LDC (LDC2005T13)",
    citation="Hockenmaier and Steedman 2007, ACL J07-3004",
    train_size=38_015,
)
