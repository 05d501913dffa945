"""Relations of words to their heads in the English Web Treebank of Universal Dependencies.

The labels are those of its training data. How the files hold a word that stands for several (don't) was not seen.
"""

from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.source import hub
from xfer.tasks.task import Task

TASK = Task(
    "deprel",
    format=Tagging(),
    source=hub("commul/universal_dependencies", "en_ewt"),
    columns={"tokens": "tokens", "tags": "deprel"},
    open_labels=True,
    languages=("en",),
    trains_on="deprel",
    metric="token_accuracy",
    near=("udpos",),
    licence="CC-BY-SA-4.0",
    citation="Silveira et al. 2014, LREC",
    unverified=True,
)
