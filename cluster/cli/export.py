"""``xfer export``: what a storage holds, in the form that others read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.cli import export_xtreme
from cluster.cli import storage as storages

if TYPE_CHECKING:
    from xfer.models.card import Origin
    from xfer.store.store import Store

app = typer.Typer(help="Write what a storage holds in the form that others read.", no_args_is_help=True)
app.command("xtreme")(export_xtreme.xtreme)

SHOWN = 10
"""Keys that a message lists at most."""


@app.command("model")
def model(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="A phase's key, or how it begins; KEY/RULE for a selection.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    storage: Annotated[str, typer.Option(help="What the study names as storage.")] = storages.DEFAULT,
) -> None:
    """Write a trained model as a folder that transformers loads by from_pretrained."""
    from xfer.models.export import export

    store = storages.opened(storage)
    begin, _, rule = key.partition("/")
    origin = _origin(store, _phase(store, begin), rule)
    with store.folder(str(origin.selection["path"])) as checkpoint:
        auto = export(checkpoint, folder, origin)
    print(f"{folder}: {auto} (phase {origin.phase}, selection {origin.rule}, step {origin.selection['step']})")


def _phase(store: Store, begin: str) -> str:
    """The phase whose key begins so. Raises ``UserError`` unless there is exactly one."""
    from xfer.errors import UserError

    found = [phase for phase in store.children("phases") if phase.startswith(begin)]
    if len(found) > 1:
        fix = f"give more of the key: {', '.join(found[:SHOWN])}{', ...' if len(found) > SHOWN else ''}"
        raise UserError(f"{len(found)} phases have a key that begins with '{begin}'", store.url, fix)
    if not found:
        fix = "xfer plan STUDY shows the keys of a study's phases"
        raise UserError(f"no phase has a key that begins with '{begin}'", store.url, fix)
    return found[0]


def _rule(store: Store, phase: str, begin: str) -> str:
    """The selection whose rule's key is or begins so. Raises ``UserError`` unless there is exactly one."""
    from xfer.errors import UserError

    prefix = f"phases/{phase}/selections/"
    names = [name.removeprefix(prefix) for name in store.names(prefix.rstrip("/"))]
    rules = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    found = [begin] if begin in rules else [rule for rule in rules if rule.startswith(begin)]
    if len(found) != 1:
        what = f"{len(found) or 'no'} selections" + (f" that begin with '{begin}'" if begin else "")
        fix = f"it has {', '.join(f'{phase}/{rule}' for rule in rules) or 'none: run its study to the end'}"
        raise UserError(f"phase {phase} has {what}", store.url, fix)
    return found[0]


def _origin(store: Store, phase: str, begin: str) -> Origin:
    """What the records say of a checkpoint, whose files they vouch for; its rule's key is or begins so."""
    from xfer.models.card import Origin
    from xfer.store import records

    payload = _record(store, phase, records.record_path(phase))["payload"]
    rule = _rule(store, phase, begin)
    selection = _record(store, phase, records.selection_path(phase, rule))
    _require_weights(store, phase, rule, selection)
    ancestors: list[tuple[str, Any]] = []
    start = payload["start"]
    while "phase" in start:
        parent = (store.get_json(records.record_path(start["phase"])) or {}).get("payload", {})
        ancestors.insert(0, (start["phase"], parent))
        start = parent.get("start", {})
    return Origin(phase, payload, rule, selection, ancestors)


def _require_weights(store: Store, phase: str, rule: str, selection: Mapping[str, Any]) -> None:
    """Raise ``UserError`` when they are not here on purpose."""
    from xfer.errors import UserError
    from xfer.store import marks, records

    if records.weightless(store, selection):
        raise UserError(
            f"the weights of phase {phase} by {rule} are not here: {marks.why(store, selection)}",
            store.url,
            f"export them where they are, or copy {selection['path']} from there; to have them trained again set"
            f" keep: {{weights: all}} in the study, delete {records.selection_path(phase, rule)}, and run it",
        )


def _record(store: Store, phase: str, path: str) -> dict[str, Any]:
    from xfer.errors import UserError
    from xfer.store import records

    record, problem = records.read(store, path)
    if problem is not None:
        raise UserError(f"phase {phase} is damaged: {problem}", store.url, "run its study again, which mends it")
    if record is None:
        raise UserError(f"phase {phase} is not complete", store.url, "run its study to the end")
    return record
