"""PAWS-X: adversarial paraphrase identification (Yang et al. 2019).

Where a translation failed, the published data have "NS" for a sentence and label 0. Those rows stay, as in XTREME.
"""

from xfer.tasks import suites
from xfer.tasks.formats.classification import Classification
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "pawsx",
    format=Classification(),
    source=hub("google-research-datasets/paws-x", "{code}"),
    columns={"first": "sentence1", "second": "sentence2", "label": "label"},
    labels=("different", "paraphrase"),
    label_names={"0": "different", "1": "paraphrase"},
    languages=suites.PAWSX,
    trains_on="pawsx",
    metric="accuracy",
    suites=("xtreme",),
    parallel="id",
    licence="free use with attribution to Google",
    citation="Yang et al. 2019, arXiv 1908.11828",
    train_size=49_401,
)
