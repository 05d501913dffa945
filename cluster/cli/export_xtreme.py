"""``xfer export xtreme``: a study's predictions in the form in which the XTREME benchmark takes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli.arguments import Data, StudyPath, set_roots
from cluster.cli.output import show

if TYPE_CHECKING:
    from xfer.reports.submission import Handed, Submission

HANDED = ("task", "arm", "seed", "checkpoint", "chosen on", "score", "languages")


def xtreme(
    study: StudyPath,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    arm: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME | TARGET=NAME",
            help="The arm that is meant, for all targets or for one; repeatable. Default: the best on validation data.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model that is meant, where the study has several.")] = None,
    data: Data = None,
) -> None:
    """Write a submission to XTREME: of each of its tasks the predictions of one run."""
    from xfer.io import whole_folder
    from xfer.reports.submission import submission
    from xfer.study.opening import open_study
    from xfer.study.resolve import Roots

    set_roots(data, None)
    opened = open_study(study)
    roots = Roots.from_environment().data_roots(opened.study, opened.lock.revisions)
    made = submission(opened, roots, _arms(arm or []), model)
    with whole_folder(folder) as inside:
        for path, content in made.files().items():
            (inside / path).parent.mkdir(exist_ok=True)
            (inside / path).write_bytes(content)
    _print(made)
    state = "complete" if made.complete else "not complete"
    print(f"{folder}: {len(made.handed)} of {len(made.handed) + len(made.missing)} tasks of XTREME, {state}")


def _arms(words: list[str]) -> dict[str, str]:
    """By target the arm that is meant; ``NAME`` alone is of all other targets. Raises ``UserError``."""
    from xfer.errors import UserError

    arms: dict[str, str] = {}
    for word in words:
        target, _, name = word.rpartition("=")
        if target in arms:
            raise UserError(f"there are two arms for {target or 'all targets'}", f"--arm {word}", "name one of them")
        arms[target] = name
    return arms


def _print(made: Submission) -> None:
    """What is handed in and why; what a reader must know of it; and what is missing."""
    show(HANDED, [_row(one) for one in made.handed], numbers=("score",))
    print()
    for one in made.handed:
        for note in one.notes:
            print(f"{one.layout.folder}: {note}")
        if one.missing:
            print(f"{one.layout.folder}: missing languages: {' '.join(one.missing)}")
    for task, why in made.missing.items():
        print(f"missing task: {task} ({why})")
    if made.left_out:
        print(f"targets that are left out: {', '.join(made.left_out)}")


def _row(one: Handed) -> tuple[str, ...]:
    from xfer.reports.formatting import points

    run = one.chosen.run
    at = run.checkpoint
    return (
        one.layout.folder,
        run.arm,
        "" if run.seed is None else str(run.seed),
        f"{at['phase']}, step {at['step']} ({at['selection']})" if at["phase"] else "pretrained",
        one.chosen.on or "nothing",
        "" if run.score is None else points(run.score),
        f"{len(one.files)} of {len(one.files) + len(one.missing)}",
    )
