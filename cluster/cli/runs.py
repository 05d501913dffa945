"""Verbs about runs: ``status``, ``watch``, ``logs``, ``stop``, ``fetch``, ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli import settings
from cluster.cli.arguments import StudyPath

if TYPE_CHECKING:
    from cluster.place import Place, RemotePlace

HELP = "An entry of places.yaml"
On = Annotated[str | None, typer.Option("--on", metavar="PLACE", help=f"{HELP}; this machine when not given.")]
Remote = Annotated[str, typer.Option("--on", metavar="PLACE", help=f"{HELP}.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A run: the name of its study.")]


def place(on: str | None, beside: Path = Path()) -> Place:
    """The place of that name, or this machine."""
    from cluster.on_laptop import OnLaptop

    return OnLaptop() if on is None else remote(on, beside)


def remote(on: str, beside: Path) -> RemotePlace:
    """The place of that name."""
    from cluster import places

    found = places.find(on, beside)
    if isinstance(found, places.RayPlace):
        from cluster.on_ray import OnRay

        return OnRay(found)
    from cluster.on_kubernetes import OnKubernetes

    return OnKubernetes(found)


def flag(on: str | None) -> str:
    """How a command says where."""
    return "" if on is None else f" --on {on}"


def doctor(on: On = None) -> None:
    """Say what is there for studies at a place, what is missing, and what to do."""
    found = list(place(on).examine())
    for what, good, said in found:
        print(f"{'?' if good is None else 'ok' if good else 'NO'}\t{what}: {said}")
    raise typer.Exit(0 if all(finding.good is not False for finding in found) else 2)


def status(name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None, on: On = None) -> None:
    """Show the runs of a place, or one with what keeps it from going on."""
    from cluster.cli.output import show
    from cluster.runs import COLUMNS

    found = place(on)
    runs = found.runs() if name is None else [found.run(name)]
    show(COLUMNS, [run.row() for run in runs], numbers=("phases", "steps", "rate", "left", "device-hours"))


def watch(name: Name, on: On = None) -> None:
    """Show a run's events until it ends. Ctrl-C ends the watching, not the run."""
    raise typer.Exit(follow(place(on), name))


def logs(name: Name, on: On = None, follow: Annotated[bool, typer.Option("--follow", "-f")] = False) -> None:
    """Print what the run's driver has written."""
    for line in place(on).logs(name, follow):
        print(line)


def stop(name: Name, on: On = None) -> None:
    """End a run; the same study, run again, goes on from its last snapshot."""
    place(on).stop(name)
    print(f"{name} is told to stop; 'xfer run' goes on from there")


def fetch(on: Remote, study: StudyPath) -> None:
    """Bring a study's tables from a place into the study's own storage, without weights."""
    from xfer.study import reading
    from xfer.study.opening import store_of

    found = reading.read(study)
    store = store_of(found)
    count = remote(on, study.parent).fetch(found.study, store)
    print(f"{count} new files in {store.url}; look at them with: xfer report {study}")


def follow(found: Place, name: str) -> int:
    """Render a run until it ends; the exit code of what it came to."""
    from cluster.watch import Watch

    with Watch(debug=settings.debug) as shown:
        run = found.follow(name, shown.line, lambda trouble: print(f"waiting: {trouble}"))
        shown.ended(run)
    print(f"{run.name} is {run.state}")
    return run.code
