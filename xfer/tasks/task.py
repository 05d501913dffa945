"""Task: a data set put to a model in one format. A task file holds only what is particular to the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xfer.fingerprint import key
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


def hub(hub_id: str, config: str, codes: Mapping[str, str] | None = None) -> Source:
    """A source by its Hub id and configuration."""
    return Source(hub_id, config, codes or {})


@dataclass(frozen=True)
class Task:
    """What a user names in a study. The catalog's file ``NAME.py`` defines one as ``TASK``."""

    name: str
    format: Format
    source: Source
    columns: Mapping[str, str]
    """The format's fields to the source's columns."""
    languages: tuple[str, ...]
    """BCP-47 codes in the benchmark's order."""
    metric: str
    """The one number that counts; a name among the format's metrics."""
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
    licence: str = ""
    citation: str = ""

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
            "hub_id": self.source.hub_id,
            "config": self.source.config,
        }

    @property
    def declaration_key(self) -> str:
        return key(self.declaration())
