"""What a report says of a study beside its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from xfer.reports.methods import methods
from xfer.reports.methods_models import language_notes
from xfer.reports.methods_sources import tasks_of
from xfer.reports.pools import Pool, pools
from xfer.reports.prose import Paragraph
from xfer.reports.xtreme import Standing, standings
from xfer.study.opening import Opened
from xfer.tasks.source import Generated


@dataclass(frozen=True)
class About:
    """By itself: nothing."""

    pools: tuple[Pool, ...] = ()
    methods: tuple[Paragraph, ...] = ()
    languages: Mapping[str, str] = field(default_factory=dict)
    """What a generated language is, by its code."""
    xtreme: tuple[Standing, ...] = ()
    """XTREME's averages, where the study has targets of it."""


def about(opened: Opened, views: Mapping[str, pa.Table]) -> About:
    """All of it, from a study and its views."""
    study = opened.study
    generated = any(isinstance(task.source, Generated) for task in tasks_of(study))
    pooled = pools(study)
    return About(
        pools=pooled,
        methods=methods(opened, views),
        languages=language_notes(study.world) if generated else {},
        xtreme=standings(study, views["scores"], views["cells"], pooled),
    )
