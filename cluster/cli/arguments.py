"""Arguments that several verbs share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from xfer.errors import UserError

StudyPath = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (YAML).")]
Data = Annotated[
    list[Path] | None,
    typer.Option("--data", help="A folder in the Hub's layout, searched first; repeatable. Default: $XFER_DATA."),
]
Models = Annotated[
    list[Path] | None, typer.Option("--models", help="A folder of models; repeatable. Default: $XFER_MODELS.")
]


def set_roots(data: list[Path] | None, models: list[Path] | None) -> None:
    """Put the roots given by flag into the environment, where this process and its children look for them."""
    for variable, flag, folders in (("XFER_DATA", "--data", data), ("XFER_MODELS", "--models", models)):
        if folders:
            os.environ[variable] = os.pathsep.join(str(folder.resolve()) for folder in folders)
        for folder in os.environ.get(variable, "").split(os.pathsep):
            if folder and not Path(folder).is_dir():
                raise UserError(f"there is no folder {folder}", f"{flag} or ${variable}", "give an existing folder")
