"""The seam between tasks and everything else.

A format turns rows into sub-tokens and targets, and a model's outputs back into rows of predictions. Torch code
knows only its ``output``: ``sequence`` (one vector of logits an input), ``choice`` (one for several inputs), ``token``
(one a sub-token), ``span`` (one over the sub-tokens of an input, for its start and for its end), ``vocabulary`` (one a
sub-token that was masked) or ``hidden`` (one pooled hidden state). Formats hold numpy and Arrow only, and a format's
name appears in its own file and in the catalog's declarations, nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from xfer.tasks.metrics import Metric

if TYPE_CHECKING:
    from xfer.tasks.task import Task
    from xfer.tasks.text import Inputs, TextEncoder

Output = Literal["sequence", "choice", "token", "span", "vocabulary", "hidden"]
Floats = npt.NDArray[np.float32]

SLICE = 2_000_000
"""Bytes of rows that are encoded at once: some ten thousand pairs of sentences. The tokenizer's own encodings of them
take many times that."""

IGNORE = -100
"""Target of a position that has no label; it takes no part in the loss."""

ENCODED = pa.schema(
    [
        pa.field("row", pa.int32()),
        pa.field("input_ids", pa.list_(pa.int32())),
        pa.field("type_ids", pa.list_(pa.int8())),
        pa.field("targets", pa.list_(pa.int32())),
        pa.field("truncated", pa.int32()),
    ]
)
"""What ``encode`` gives: one line an input; a format may add columns for its own ``decode``. ``row`` is the source row
(several lines may share one, in order); ``targets`` has one entry (sequence; choice, the first of a row's options
alone), two (span), one a sub-token (token, vocabulary) or none (hidden); ``truncated`` counts the sub-tokens that were
cut."""

PREDICTED = pa.schema(
    [
        pa.field("example", pa.int32()),
        pa.field("cluster", pa.int32()),
        pa.field("gold", pa.list_(pa.string())),
        pa.field("prediction", pa.list_(pa.string())),
        pa.field("probabilities", pa.list_(pa.float32())),
        pa.field("truncated", pa.int32()),
    ]
)
"""What ``decode`` gives: one line a source row."""


@dataclass(frozen=True)
class Outputs:
    """What a model said about encoded rows, in their order; exactly one of the fields is filled."""

    logits: Floats | None = None
    """For ``sequence`` [inputs, labels], for ``choice`` [rows, options]."""
    choices: tuple[npt.NDArray[np.int32], ...] | None = None
    """For ``token``: for each input, the best label at each position with a target."""
    vectors: Floats | None = None
    """For ``hidden``: [inputs, hidden size], mean over sub-tokens."""
    positions: tuple[Floats, ...] | None = None
    """For ``span``: for each input [length, 2], logits of each sub-token being the answer's first and last."""


class Format(ABC):
    """How a kind of task is put to a model. Stateless; subclasses are singletons in spirit."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Raised when ``encode`` or ``decode`` gives something else for the same rows."""
    output: ClassVar[Output]
    fields: ClassVar[tuple[str, ...]]
    """Columns of a normalised table, besides ``example`` and ``cluster``."""
    lists: ClassVar[frozenset[str]] = frozenset()
    """Those of them that hold a list in every row."""
    numbers: ClassVar[Mapping[str, pa.DataType]] = MappingProxyType({})
    """Those of them that hold numbers, and of which type; what is neither gold nor numbers is text."""
    texts: ClassVar[tuple[str, ...]] = ()
    """What is read: a text, or a list of texts. A task may do without those that are not among ``fields``."""
    in_words: ClassVar[bool] = False
    """Whether such a list is one text, split into words."""
    gold: ClassVar[str] = ""
    """The field that holds the right label, or labels, if there are any."""
    metrics: tuple[Metric, ...]
    """What its predictions are scored by."""
    trainable: ClassVar[bool] = True
    stride: ClassVar[int | None] = None
    """Sub-tokens from one input of a row to its next, where a row that is too long becomes several; None: it is cut."""
    divisible: ClassVar[bool] = True
    """Whether ``encode`` gives the same lines for the slices of a table as for the whole; if not, it is always given
    the whole."""

    def identity(self) -> object:
        """What of it shapes numbers."""
        return [self.name, self.version]

    def together(self, task: Task) -> int:
        """Inputs that one answer is made of."""
        return 1

    def size(self, task: Task, vocabulary: int) -> int:
        """Width of the head's output, for a model with so many sub-tokens."""
        return len(task.labels)

    def shuffled(self, rows: pa.Table, random: np.random.Generator) -> pa.Table:
        """Rows with the same labels dealt out at random; for one label a word, over all words of the table."""
        values = rows[self.gold].combine_chunks()
        nested = pa.types.is_list(values.type)
        flat = values.flatten() if nested else values
        dealt = flat.take(pa.array(random.permutation(len(flat))))
        dealt = pa.ListArray.from_arrays(values.offsets, dealt) if nested else dealt
        return rows.set_column(rows.column_names.index(self.gold), self.gold, dealt)

    def check(self, task: Task, rows: pa.Table, where: str) -> None:  # noqa: B027
        """Raise ``DataError`` for a row that this format cannot take."""

    @abstractmethod
    def encode(self, task: Task, rows: pa.Table, text: TextEncoder) -> pa.Table:
        """Normalised rows, a whole table or a slice of one, to a table with schema ``ENCODED``; ``row`` begins at 0."""

    @abstractmethod
    def decode(self, task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
        """A model's outputs to a table with schema ``PREDICTED``."""


def encoded_slices(task: Task, rows: pa.Table, text: TextEncoder) -> Iterator[pa.Table]:
    """What the task's format makes of rows (schema ``ENCODED``), slice by slice, each of about ``SLICE`` bytes."""
    step = max(1, SLICE * rows.num_rows // max(1, rows.nbytes)) if task.format.divisible else max(1, rows.num_rows)
    for start in range(0, max(1, rows.num_rows), step):
        found = task.format.encode(task, rows.slice(start, step), text)
        place = found.schema.get_field_index("row")
        yield found.set_column(place, found.field(place), pc.add(found["row"], pa.scalar(start, pa.int32())))


def lists(values: npt.NDArray[Any], lengths: npt.NDArray[Any]) -> pa.ListArray:
    """Values one list after the other, and how many each list has."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def label_numbers(task: Task, rows: pa.Table) -> npt.NDArray[np.int32]:
    """Each row's label as its place among the task's.

    Where labels are those of the training data, others may stand in what is evaluated: they have the first one's, which
    no loss looks at.
    """
    found = pc.index_in(rows["label"], value_set=pa.array(task.labels))
    numbers: npt.NDArray[np.int32] = pc.fill_null(found, 0).to_numpy()
    return numbers


def inputs_table(row: npt.NDArray[np.int32], inputs: Inputs, targets: pa.ListArray) -> pa.Table:
    """A table with schema ``ENCODED``: of each input its source row and its targets."""
    columns = [row, inputs.ids, inputs.type_ids, targets, inputs.truncated]
    return pa.table(dict(zip(ENCODED.names, columns, strict=True)), schema=ENCODED)


def one_target_each(rows: pa.Table, text: TextEncoder, targets: npt.NDArray[np.int32]) -> pa.Table:
    """A table with schema ``ENCODED``: of each row one input, its text or its pair of texts, with one target."""
    second = rows["second"].to_pylist() if "second" in rows.column_names else None
    row = np.arange(rows.num_rows, dtype=np.int32)
    return inputs_table(row, text.texts(rows["first"].to_pylist(), second), lists(targets, np.ones_like(row)))


def truncated_by_row(rows: pa.Table, encoded: pa.Table) -> npt.NDArray[np.int32]:
    """Sub-tokens cut from each source row, summed over its inputs."""
    cut = np.zeros(rows.num_rows, dtype=np.int32)
    np.add.at(cut, encoded["row"].to_numpy(), encoded["truncated"].to_numpy())
    return cut


def probabilities_of(outputs: Outputs) -> npt.NDArray[np.float64]:
    """The softmax of logits [rows, labels]."""
    assert outputs.logits is not None
    logits = outputs.logits.astype(np.float64)
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: npt.NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
    return found


def labels_predicted(task: Task, rows: pa.Table, encoded: pa.Table, outputs: Outputs) -> pa.Table:
    """Predictions of one label a row from logits [rows, labels]."""
    probabilities = probabilities_of(outputs)
    return pa.table(
        {
            "example": rows["example"],
            "cluster": rows["cluster"],
            "gold": [[label] for label in rows["label"].to_pylist()],
            "prediction": [[task.labels[best]] for best in probabilities.argmax(axis=1)],
            "probabilities": list(probabilities.astype(np.float32)),
            "truncated": truncated_by_row(rows, encoded),
        },
        schema=PREDICTED,
    )
