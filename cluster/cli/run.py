"""``xfer run``: run a study to its end, here or at a place."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli import runs
from cluster.cli.arguments import Data, Models, StudyPath, set_roots

if TYPE_CHECKING:
    from cluster.place import Place


def run(
    study: StudyPath,
    data: Data = None,
    models: Models = None,
    on: runs.On = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be made, and make nothing.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start it, and do not wait.")] = False,
) -> None:
    """Train, evaluate and score what the study asks for and the store lacks. Ctrl-C stops; the same command goes on."""
    set_roots(data, models)
    if dry_run:
        _print_manifests(study, on)
        return
    place = runs.place(on, study.parent)
    name = place.submit(study)
    if detach:
        print(f"{name} has begun; look at it with: xfer status{runs.flag(on)} {name}")
        return
    if on is None:
        with _stopping(place, name):
            code = runs.follow(place, name)
    else:
        code = runs.follow(place, name)
    if code == 0 and on is None:
        print(f"look at it with: xfer report {study}")
    elif code == 0:
        print(f"bring its tables with: xfer fetch --on {on} {study}")
    raise typer.Exit(code)


@contextmanager
def _stopping(place: Place, name: str) -> Iterator[None]:
    """Ctrl-C stops what was started here, and then waits for its end."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: place.stop(name)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _print_manifests(study: Path, on: str | None) -> None:
    from ruamel.yaml import YAML

    from cluster.cli.plan import outlook

    if on is None:
        raise typer.BadParameter("--dry-run needs --on PLACE; what would be trained here is told by: xfer plan")
    made = runs.remote(on, study.parent).manifests(study)
    stdout = typer.get_text_stream("stdout")
    stdout.write(f"# {outlook(study)}\n")
    YAML().dump_all(made, stdout)
