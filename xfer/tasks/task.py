"""Task: a data set put to a model in one format. A task file holds only what is particular to the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xfer.fingerprint import key
from xfer.synthetic import tables
from xfer.synthetic.world import World
from xfer.tasks.formats.base import Format
from xfer.tasks.metrics import Metric

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Source:
    """A data set on the Hugging Face Hub, or a folder of the same layout under a data root."""

    hub_id: str
    config: str
    """Configuration; ``{code}`` stands for the source's own code of a language."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The source's own codes, where they are not BCP-47."""

    def config_of(self, language: str) -> str:
        return self.config.format(code=self.codes.get(language, language))

    def identity(self) -> object:
        return [self.hub_id, self.config]

    def check(self, task: Task) -> None:
        """Raise ``ValueError`` for languages that this source cannot have."""
        if not task.languages:
            raise ValueError("languages is empty")
        if "train" in task.splits and task.trains_in not in task.languages:
            raise ValueError(f"trains_in is '{task.trains_in}', which is not one of its languages")
        try:
            self.config_of(task.languages[0])
        except (LookupError, ValueError) as error:
            raise ValueError(f"the configuration '{self.config}' may name nothing but {{code}}") from error

    def __str__(self) -> str:
        return self.hub_id


@dataclass(frozen=True)
class Generated:
    """A table of the study's generated world."""

    table: str

    def identity(self) -> object:
        return ["generated", self.table, tables.VERSION]

    def check(self, task: Task) -> None:
        """Raise ``LookupError`` for a table that no world has."""
        tables.languages(World(), self.table)

    def __str__(self) -> str:
        return "generated"


def hub(hub_id: str, config: str, codes: Mapping[str, str] | None = None) -> Source:
    """A source by its Hub id and configuration."""
    return Source(hub_id, config, codes or {})


@dataclass(frozen=True)
class Task:
    """What a user names in a study. The catalog's file ``NAME.py`` defines one as ``TASK``."""

    name: str
    format: Format
    source: Source | Generated
    columns: Mapping[str, str]
    """The format's fields to the source's columns."""
    languages: tuple[str, ...] = ()
    """BCP-47 codes in the benchmark's order; a generated task has those of the study's world."""
    metric: str = ""
    """The one number that counts, a name among the format's metrics; empty where nothing is scored."""
    trains_in: str = "en"
    """Language of the training data."""
    labels: tuple[str, ...] = ()
    """Label names in the order of the head's output."""
    label_names: Mapping[str, str] = field(default_factory=dict)
    """The source's names to ours, where they differ. Names are mapped, never indices."""
    splits: Mapping[str, str] = field(default_factory=lambda: {name: name for name in SPLITS})
    """Our split names to the source's; a split that is not here does not exist."""
    trains_on: str | None = None
    """The task whose English training data this target is fine-tuned on; None: nothing is trained."""
    selects_on: str = "validation/en"
    """Split and language on which a checkpoint may be chosen."""
    cluster: str | None = None
    """Column that ties examples together (a premise, a paragraph); by itself each example is its own."""
    drop_unlabelled: bool = False
    """Leave out rows whose label is -1 (no gold label)."""
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

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a declaration that could not be used."""
        if not isinstance(self.format, Format):
            raise ValueError("format is not made: write it with (), as in the catalog")
        if isinstance(self.labels, str) or len(set(self.labels)) < len(self.labels):
            raise ValueError("labels must be a tuple of different names")
        missing = [name for name in self.format.fields if name not in self.columns]
        metrics = [metric.name for metric in self.format.metrics]
        if missing:
            raise ValueError(f"columns lacks {', '.join(missing)}")
        if (self.metric or metrics) and self.metric not in metrics:
            raise ValueError(f"metric '{self.metric}' is not one of {', '.join(metrics) or 'none'}")
        if unknown := [name for name in self.splits if name not in SPLITS]:
            raise ValueError(f"splits has '{unknown[0]}'; known are {', '.join(SPLITS)}")
        self.source.check(self)

    @property
    def major(self) -> Metric:
        return next(metric for metric in self.format.metrics if metric.name == self.metric)

    def declaration(self) -> dict[str, object]:
        """All of the task that shapes numbers, resolved; kept in the lock."""
        return {
            "format": [self.format.name, self.format.version],
            "columns": self.columns,
            "labels": self.labels,
            "label_names": self.label_names,
            "splits": self.splits,
            "drop_unlabelled": self.drop_unlabelled,
            "depth": self.depth,
            "cluster": self.cluster,
            "source": self.source,
        }

    @property
    def declaration_key(self) -> str:
        return key(self.declaration())

    def within(self, world: World) -> Task:
        """The task with the languages that a generated world gives it."""
        if isinstance(self.source, Generated):
            return replace(self, languages=tables.languages(world, self.source.table))
        return self
