"""``xfer run``: run a study to its end, here."""

from __future__ import annotations

import typer

from cluster.cli import settings
from cluster.cli.arguments import Data, Models, StudyPath, set_roots


def run(study: StudyPath, data: Data = None, models: Models = None) -> None:
    """Train, evaluate and score what the study asks for and the store lacks. Ctrl-C stops; the same command goes on."""
    from cluster import on_laptop
    from cluster.watch import Watch
    from xfer.study import reading

    set_roots(data, models)
    reading.read(study)
    with Watch(debug=settings.debug) as watch:
        code = on_laptop.run(study, watch.line)
        watch.ended(code)
    if code == 0:
        print(f"done; look at it with: xfer report {study}")
    raise typer.Exit(code if code >= 0 else 1)
