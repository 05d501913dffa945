"""Task: a data set put to a model in one format. A task file holds only what is particular to the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xfer.fingerprint import key
from xfer.synthetic import tables
from xfer.synthetic.world import World
from xfer.tasks.columns import Columns
from xfer.tasks.formats.base import Format
from xfer.tasks.metrics import Metric
from xfer.tasks.source import Generated, Source

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Task:
    """What a user names in a study. The catalog's file ``NAME.py`` defines one as ``TASK``."""

    name: str
    format: Format
    source: Source
    columns: Mapping[str, Columns]
    """The format's fields to the source's columns: ``a.b`` is a field within a column, several are taken together."""
    languages: tuple[str, ...] = ()
    """BCP-47 codes in the benchmark's order; a generated task has those of the study's world."""
    metric: str = ""
    """The one number that counts, a name among the format's metrics; empty where nothing is scored."""
    trains_in: str = "en"
    """Language of the training data."""
    labels: tuple[str, ...] = ()
    """Label names in the order of the head's output."""
    label_names: Mapping[str, str] = field(default_factory=dict)
    """The source's names to ours, where they differ. Names are mapped, never indices; numbers that have no name in the
    source get one here, all of them."""
    open_labels: bool = False
    """The labels are those of the training data, sorted; ``labels`` is empty."""
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By field: what each of its values, all of them listed, is put to the model as."""
    splits: Mapping[str, str] = field(default_factory=lambda: {name: name for name in SPLITS})
    """Our split names to the source's; a split that is not here does not exist."""
    trains_on: str | None = None
    """The task whose English training data this target is fine-tuned on; None: nothing is trained."""
    selects_on: str = "validation/en"
    """Split and language on which a checkpoint may be chosen."""
    cluster: str | None = None
    """Column that ties examples together (a premise, a paragraph); by itself each example is its own."""
    id: str | None = None
    """Column that says how the source calls an example. Files for a benchmark need it; numbers do not."""
    drop_unlabelled: bool = False
    """Leave out rows without a gold label: -1, or an empty name."""
    depth: float | None = None
    """For hidden states: the layer to pool, as a share of the model's layers."""
    suites: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    """Tasks whose training data are part of this one's."""
    near: tuple[str, ...] = ()
    """Tasks that ask nearly the same question of other data."""
    derived_from: tuple[str, ...] = ()
    """Tasks whose examples this one holds in other words (translated, rewritten), which its text cannot show."""
    parallel: str | None = None
    """Column that names an example in every language; ``example`` where it is the row; None: languages differ."""
    licence: str = ""
    citation: str = ""
    train_size: int | None = None
    """Rows of the training data as published; None: none, or not known."""
    unverified: bool = False
    """The source's layout was never seen, only read about."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a declaration that could not be used."""
        if not isinstance(self.format, Format):
            raise ValueError("format is not made: write it with (), as in the catalog")
        if isinstance(self.labels, str) or len(set(self.labels)) < len(self.labels):
            raise ValueError("labels must be a tuple of different names")
        if self.open_labels and (self.labels or "train" not in self.splits):
            raise ValueError("open_labels takes them from training data: give splits with 'train', and no labels")
        if self.open_labels and self.trains_on not in (None, self.name):
            raise ValueError(f"open_labels takes them from its own training data, but it trains on '{self.trains_on}'")
        if not all(isinstance(name, str) for pair in self.label_names.items() for name in pair):
            raise ValueError("label_names maps names to names: write numbers as '0'")
        self._check_columns()
        metrics = [metric.name for metric in self.format.metrics]
        if (self.metric or metrics) and self.metric not in metrics:
            raise ValueError(f"metric '{self.metric}' is not one of {', '.join(metrics) or 'none'}")
        if unknown := [name for name in self.splits if name not in SPLITS]:
            raise ValueError(f"splits has '{unknown[0]}'; known are {', '.join(SPLITS)}")
        self.source.check(self)

    def _check_columns(self) -> None:
        known = tuple(dict.fromkeys((*self.format.fields, *self.format.texts)))
        if missing := [name for name in self.format.fields if name not in self.columns]:
            raise ValueError(f"columns lacks {', '.join(missing)}")
        for what, names in (("columns", self.columns), ("words", self.words)):
            if unknown := [name for name in names if name not in known]:
                raise ValueError(f"{what} has '{unknown[0]}'; a {self.format.name} has {', '.join(known)}")
        if unfit := [name for name in self.words if name == self.format.gold or name in self.format.lists]:
            raise ValueError(f"words has '{unfit[0]}', which is no single text")
        for name, column in self.columns.items():
            if not column or (name == self.format.gold and not isinstance(column, str)):
                raise ValueError(f"columns: '{name}' takes the name of a column")

    def layer(self, layers: int) -> int | None:
        """The hidden layer to pool of a model with so many; None: a head answers."""
        return None if self.depth is None else round(self.depth * layers)

    @property
    def major(self) -> Metric:
        return next(metric for metric in self.format.metrics if metric.name == self.metric)

    def declaration(self) -> dict[str, object]:
        """All of the task that shapes numbers, resolved; kept in the lock."""
        found: dict[str, object] = {
            "format": self.format.identity(),
            "columns": self.columns,
            "labels": self.labels,
            "label_names": self.label_names,
            "splits": self.splits,
            "drop_unlabelled": self.drop_unlabelled,
            "depth": self.depth,
            "cluster": self.cluster,
            "source": self.source,
        }
        extra = {"open_labels": self.open_labels, "words": self.words}
        return found | {name: value for name, value in extra.items() if value}  # keys stand where there is none

    @property
    def declaration_key(self) -> str:
        return key(self.declaration())

    def within(self, world: World) -> Task:
        """The task with the languages that a generated world gives it."""
        if isinstance(self.source, Generated):
            return replace(self, languages=tables.languages(world, self.source.table))
        return self
