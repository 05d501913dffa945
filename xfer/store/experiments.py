"""Experiments: how one began, every answer it got, in the order in which they came, and what it chose.

All of it is stored once, by exclusive create, and replayed ever after.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from xfer.fingerprint import canonical
from xfer.store.store import Store, as_json


def read(store: Store, experiment: str) -> dict[str, Any] | None:
    """The decision of an experiment: ``values``, ``trials``, ``metric``; None if it has not chosen."""
    return store.get_json(f"experiments/{experiment}/decision.json")


def decide(store: Store, experiment: str, decision: Mapping[str, Any]) -> dict[str, Any]:
    """Store a decision; the one that stands, which is another's if that came first."""
    store.create(f"experiments/{experiment}/decision.json", as_json(decision))
    return read(store, experiment) or dict(decision)


def begun(store: Store, experiment: str) -> dict[str, Any] | None:
    """How an experiment began; None if it has not."""
    return store.get_json(f"experiments/{experiment}/search.json")


def begin(store: Store, experiment: str, how: Mapping[str, Any]) -> dict[str, Any]:
    """Store how an experiment begins; what stands, which is another's if that came first."""
    store.create(f"experiments/{experiment}/search.json", as_json(how))
    return begun(store, experiment) or dict(how)


class Answer(NamedTuple):
    """How good a trial was found to be."""

    values: Mapping[str, Any]
    """What it tried."""
    units: int
    """How far it was trained, in units of the scheduler's; 0: to its end."""
    score: float
    name: str
    """Key of what the score says something about: in another experiment, too, where the same values mean the same."""

    @property
    def about(self) -> tuple[str, int]:
        """What was asked."""
        return canonical(self.values), self.units


class Ledger:
    """The answers of an experiment, numbered without gaps in the order in which they came.

    Whoever writes number n has read all before it: so two drivers at one experiment see one order.
    """

    def __init__(self, store: Store, experiment: str, prior: Sequence[Answer] = ()) -> None:
        """``prior`` answers were there before the experiment began."""
        self._store, self._folder = store, f"experiments/{experiment}/answers"
        self._writing = threading.Lock()
        self._places: dict[tuple[str, int], int] = {}
        self._scores: dict[tuple[str, int], float] = {}
        self._next = -len(prior)
        for answer in (*prior, *answers(store, experiment)):
            self._note(answer)

    def add(self, answer: Answer) -> None:
        """Store an answer, behind all that others have stored; the first about a question stands."""
        content = as_json(answer._asdict())
        with self._writing:
            while answer.about not in self._places:
                path = _path(self._folder, self._next)
                self._note(answer if self._store.create(path, content) else _answer(self._store, path))

    def catch_up(self) -> None:
        """Read what others have stored since."""
        with self._writing:
            while self._store.size(path := _path(self._folder, self._next)) is not None:
                self._note(_answer(self._store, path))

    def place(self, about: tuple[str, int]) -> int | None:
        """The number of the answer to a question; None when it has none."""
        return self._places.get(about)

    def score(self, about: tuple[str, int]) -> float:
        """The answer to a question that has one."""
        return self._scores[about]

    def _note(self, answer: Answer | None) -> None:
        if answer is not None and answer.about not in self._places:
            self._scores[answer.about] = answer.score
            self._places[answer.about] = self._next
        self._next += 1


def answers(store: Store, experiment: str) -> Iterator[Answer | None]:
    """What has been answered about an experiment's trials, in order; None for what cannot be read."""
    folder = f"experiments/{experiment}/answers"
    for path in store.names(folder):
        yield _answer(store, path)


def prior(how: Mapping[str, Any]) -> list[Answer]:
    """What was known of other experiments when one began, which is how it began."""
    return [Answer(**entry) for entry in how.get("prior", ())]


def ends(store: Store) -> Iterator[Answer]:
    """What the ends of trials have come to, in all experiments of the store."""
    for experiment in store.children("experiments"):
        for answer in (*prior(begun(store, experiment) or {}), *answers(store, experiment)):
            if answer is not None and not answer.units:
                yield answer


def tried(store: Store, experiment: str) -> list[Mapping[str, Any]]:
    """The values of an experiment's trials, as far as it has come; each of them once."""
    decision = read(store, experiment)
    if decision is not None:
        values = [trial["values"] for trial in decision["trials"]]
    else:
        known = (*prior(begun(store, experiment) or {}), *answers(store, experiment))
        values = [answer.values for answer in known if answer is not None]
    return list({canonical(one): one for one in values}.values())


def _path(folder: str, number: int) -> str:
    return f"{folder}/{number:06}.json"


def _answer(store: Store, path: str) -> Answer | None:
    found = store.get_json(path)
    return None if found is None else Answer(**found)
