"""Universal semantic tags of the Parallel Meaning Bank (Abzianidze and Bos 2017), English."""

from xfer.tasks.formats.tagging import Tagging
from xfer.tasks.source import hub
from xfer.tasks.task import Task

LABELS = """
ALT AND APX ART BUT CLO COL CON COO CTC DEF DEG DIS DOM DOW DST EFS EMP ENS EPS EQU EXG EXS EXT
FUT GEO GPE GPO GRE GRP HAP HAS IMP INT IST ITJ LES LIT MOR MOY NEC NIL NOT NOW NTH ORD ORG PER
PFT POS PRG PRO PRX PST QUC QUE QUV REF REL ROL SCO SST SUB TOP UOM XCL YOC
"""

TASK = Task(
    "semtags",
    format=Tagging(),
    source=hub("local/semantic-tags", "{code}"),
    columns={"tokens": "tokens", "tags": "tags"},
    labels=tuple(LABELS.split()),
    languages=("en",),
    trains_on="semtags",
    metric="token_accuracy",
    licence="ODC-BY and CC-BY (Parallel Meaning Bank)",
    citation="Abzianidze and Bos 2017, arXiv 1709.10381",
)
