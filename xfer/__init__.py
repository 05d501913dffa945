"""Which intermediate tasks help which target tasks in which languages? Transfer studies from one file.

>>> import xfer
>>> scores = xfer.open("study.yaml").scores()  # an Arrow table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xfer.reports.views import Views


def open(study: str) -> Views:  # noqa: A001  (the verb people expect, as in gzip.open)
    """The tables of a study, read from its store. Raises ``xfer.errors.UserError`` for a study that is not whole."""
    from pathlib import Path

    from xfer.reports.views import Views
    from xfer.study.opening import open_study

    found = open_study(Path(study))
    return Views(found.plan, found.store)
