"""``xfer gc``: what of a storage no study needs any more, and deleting it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.cli import storage as storages
from cluster.cli.output import show, size

if TYPE_CHECKING:
    from xfer.store.garbage import Basis, Garbage
    from xfer.store.store import Store

SHOWN = 5
"""Things of one kind and reason that are shown one by one, the largest first."""


def gc(
    storage: Annotated[str, typer.Argument(metavar="STORAGE", help="What studies name as storage.")] = storages.DEFAULT,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is shown.")] = False,
    forget: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take a study out of the storage's list first.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Watch unneeded attempts of other machines until it is clear if they live.")
    ] = False,
) -> None:
    """Show what no study in the storage's list needs. Nothing is deleted without --delete."""
    from xfer.store import garbage, studies

    store = storages.opened(storage)
    if forget is not None:
        _forget(store, forget)
    resting = _resting(store, wait)
    found = garbage.find(store, resting)
    if found:
        show(("what", "size", "reason"), _rows(found), numbers=("size",))
        print(f"{_counted(found)}: {size(sum(item.bytes for item in found))}")
    else:
        print(f"nothing to delete; the list holds: {', '.join(studies.names(store))}")
    left = [phase for phase in garbage.held(store) if phase not in resting]
    if left:
        print(f"left alone, because somebody may be training them (--wait finds out): {' '.join(left)}")
    if delete:
        print(f"freed {size(garbage.sweep(store, found))}")
    elif found:
        print("nothing is deleted yet; --delete does it")


def _forget(store: Store, name: str) -> None:
    from xfer.errors import UserError
    from xfer.store import studies

    listed = studies.names(store)
    if listed == [name]:
        fix = "delete the storage itself if nothing of it is to be kept"
        raise UserError(f"{name} is the only study in the list", store.url, fix)
    if not studies.forget(store, name):
        raise UserError(f"there is no study {name} in the list", store.url, f"it lists: {', '.join(listed) or 'none'}")
    print(f"{name} is out of the list; running it again puts it back")


def _resting(store: Store, wait: bool) -> dict[str, Basis]:
    import time

    from xfer.store import garbage
    from xfer.store.attempts import LEASE

    held = garbage.held(store) if wait else []
    if held:
        print(f"watching {_plural(len(held), 'phase')} for {LEASE:.0f} s", flush=True)
    return garbage.at_rest(store, held, time.sleep)


def _rows(found: Sequence[Garbage]) -> Iterator[tuple[str, str, str]]:
    """The largest of each kind and reason, and the sum of the others."""
    kinds: dict[tuple[str, str], list[Garbage]] = {}
    for item in found:
        kinds.setdefault((item.kind, item.reason), []).append(item)
    for (kind, reason), items in sorted(kinds.items()):
        items.sort(key=lambda item: (-item.bytes, item.path))
        for item in items[:SHOWN]:
            yield item.path, size(item.bytes), reason
        if others := items[SHOWN:]:
            yield f"and {_plural(len(others), f'other {kind}')}", size(sum(item.bytes for item in others)), reason


def _counted(found: Sequence[Garbage]) -> str:
    return ", ".join(_plural(number, kind) for kind, number in sorted(Counter(item.kind for item in found).items()))


def _plural(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
