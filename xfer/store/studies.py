"""The store's list of studies: what each one needs, so that what none needs can be told from what is still used."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, ValidationError

from xfer.errors import StoreError
from xfer.store.store import Store, as_json

FOLDER = "studies"


class Needs(BaseModel):
    """What a study needs of its store."""

    # What a later version adds must not be passed over: a need that is not understood would be deleted.
    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    """Its name."""
    file: str
    """Path of the study's file, for people."""
    phases: dict[str, tuple[str, ...]]
    """By phase: keys of the selection rules whose checkpoints are wanted of it."""
    evaluations: dict[str, tuple[str, ...]]
    """By group: keys of the evaluations."""
    experiments: tuple[str, ...]
    trials: tuple[str, ...] = ()
    """Phases of choices that have been made: tables show them while they are there, but nothing needs them."""
    weights: dict[str, tuple[str, ...]] | None = None
    """By phase: rules of the selections that are to keep their weights; None, as while it runs: all that it needs."""


def declare(store: Store, needs: Needs) -> None:
    """Put a study into the list, in place of what it needed before; what has not changed is not written."""
    content = as_json(needs.model_dump(mode="json"))
    if store.get(path_of(needs.study)) != content:
        store.put(path_of(needs.study), content)


def of(store: Store, name: str) -> Needs | None:
    """What a study needs; None when it is not in the list. Raises ``StoreError`` for an entry that cannot be read."""
    content = store.get(path_of(name))
    if content is None:
        return None
    try:
        needs = Needs.model_validate_json(content)
    except ValidationError as error:
        raise _unreadable(store, name, f"{error.error_count()} things in it are not as they should be") from error
    if needs.study != name:
        raise _unreadable(store, name, f"it is about study {needs.study}")
    return needs


def each(store: Store) -> Iterator[Needs]:
    """What every study in the list needs. Raises ``StoreError`` for an entry that cannot be read."""
    for name in names(store):
        needs = of(store, name)
        if needs is not None:  # else it was taken out since the list was read
            yield needs


def weights_wanted(store: Store, phase: str, but: str) -> set[str]:
    """Rules of a phase's selections that are to keep their weights, as studies other than ``but`` want it."""
    wanted = set[str]()
    for needs in each(store):
        if needs.study != but:
            wanted |= set((needs.phases if needs.weights is None else needs.weights).get(phase, ()))
    return wanted


def names(store: Store) -> list[str]:
    """Names of the studies in the list, of those too whose entry cannot be read."""
    entries = [path for path in store.names(FOLDER) if path.endswith(".json")]
    return [path.removeprefix(f"{FOLDER}/").removesuffix(".json") for path in entries]


def forget(store: Store, name: str) -> bool:
    """Take a study out of the list; whether it was there. Nothing that it made is touched."""
    listed = name in names(store)
    if listed:
        store.delete(path_of(name))
    return listed


def path_of(name: str) -> str:
    """Where a study's entry is."""
    return f"{FOLDER}/{name}.json"


def _unreadable(store: Store, name: str, problem: str) -> StoreError:
    return StoreError(
        f"cannot tell what study {name} needs: {problem}",
        f"{store.url} ({path_of(name)})",
        f"run the study again, which writes it anew, or take it out of the list: xfer gc {store.url} --forget {name}",
    )
