"""``xfer run``: run a study to its end, here or at a place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.cli import runs, settings
from cluster.cli.arguments import Data, Models, StudyPath, set_roots


def run(
    study: StudyPath,
    data: Data = None,
    models: Models = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="PLACE", help="An entry of places.yaml; here when not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be made, and make nothing.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Submit, and do not wait.")] = False,
) -> None:
    """Train, evaluate and score what the study asks for and the store lacks. Ctrl-C stops; the same command goes on."""
    if on is not None:
        raise typer.Exit(_there(study, on, dry_run, detach))
    for flag, given in (("--dry-run", dry_run), ("--detach", detach)):
        if given:
            raise typer.BadParameter(f"{flag} needs --on PLACE")
    raise typer.Exit(_here(study, data, models))


def _here(study: Path, data: list[Path] | None, models: list[Path] | None) -> int:
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
    return code if code in (0, 2, 130) else 1


def _there(study: Path, on: str, dry_run: bool, detach: bool) -> int:
    from cluster.bundle import bundle

    packed = bundle(study)
    place = runs.place(on, study.parent)
    if dry_run:
        from ruamel.yaml import YAML

        YAML().dump_all(place.manifests(packed), typer.get_text_stream("stdout"))
        return 0
    name = place.submit(packed)
    print(f"{name} is submitted; look at it with: xfer status --on {on} {name}")
    return 0 if detach else runs.follow(place, name)
