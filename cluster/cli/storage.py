"""A storage as an argument, for verbs that look at one without a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xfer.store.store import Store

DEFAULT = "./runs"
"""What a study stores in unless it says otherwise."""


def opened(storage: str) -> Store:
    """The store at a folder or an address. Raises ``UserError`` for a folder that is not there."""
    from xfer.errors import UserError
    from xfer.store.store import Store

    if "://" not in storage and not Path(storage).is_dir():
        raise UserError("there is no such storage", storage, "give what the studies name as storage")
    return Store(storage)
