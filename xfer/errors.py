"""The one error tree: what was seen, where, and what to do about it.

``UserError`` and its children are the user's to mend (exit code 2, one message, no traceback);
any other ``XferError`` is ours or the machine's (exit code 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class XferError(Exception):
    """Base of every error that this system raises on purpose."""

    exit_code = 1

    def __init__(self, what: str, where: str = "", fix: str = "") -> None:
        super().__init__(what, where, fix)
        self.what, self.where, self.fix = what, where, fix

    def __str__(self) -> str:
        message = f"{self.where}: {self.what}" if self.where else self.what
        return f"{message}\n  -> {self.fix}" if self.fix else message


class UserError(XferError):
    """Something in the user's hands is wrong: a file, a field, a value, a folder."""

    exit_code = 2


class Problem(NamedTuple):
    """One mistake in a study file: ``where`` is ``file:line:column``."""

    where: str
    what: str
    fix: str = ""


class StudyError(UserError):
    """A study file that cannot be run as it stands; lists every problem at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(UserError(p.what, p.where, p.fix)) for p in self.problems))

    def __reduce__(self) -> tuple[type[StudyError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class DataError(UserError):
    """A data set that is missing, unreadable, or not in the layout its task declares."""


class ModelError(UserError):
    """A model that is unknown, not an encoder, or without safetensors."""


class LockError(UserError):
    """A lock that no longer fits its study, its data or the components of this version."""


class StoreError(UserError):
    """A store that cannot be written or is full."""


class PhaseFailed(XferError):
    """A phase that cannot finish; its cells become rows with this reason, the study goes on."""


class Stopped(XferError):
    """The user asked to stop; the same command goes on from here."""

    exit_code = 130
