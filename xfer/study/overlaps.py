"""Which data of a study are held against each other for overlaps, and where the answer is kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import pyarrow as pa

from xfer.evaluation import overlap
from xfer.evaluation.overlap import Group
from xfer.evaluation.texts import Place, Texts, texts_of
from xfer.fingerprint import key
from xfer.results.parts import from_parquet, to_parquet
from xfer.results.schema import OVERLAPS
from xfer.store.store import Store
from xfer.study.lock import Lock, path_of
from xfer.study.needs import Address, chosen_by, evaluated, pretrained, trained
from xfer.study.opening import Opened
from xfer.study.plan import Cell, Experiment
from xfer.study.resolve import Roots, check_read, check_split
from xfer.study.schema import Study
from xfer.tasks.data import DataRoots
from xfer.tasks.task import Task


def groups(study: Study, lock: Lock) -> list[Group]:
    """What is held against what.

    All that is evaluated, against what any model of the study trains on, is chosen by, or was pretrained on; and a
    target's test data against its validation data.
    """
    asked = tuple(_held(lock, evaluated(study)))
    found = [Group((source,), asked) for source in _held(lock, (*trained(study), *chosen_by(study)))]
    found += [Group(sources, asked) for sources in _by_task(_held(lock, pretrained(study)))]
    for places in _by_task(asked):
        validation, test = (
            tuple(place for place in places if place.split == split) for split in ("validation", "test")
        )
        if validation and test:
            found.append(Group(validation, test))
    return found


def _by_task(places: Iterable[Place]) -> list[tuple[Place, ...]]:
    found: dict[str, tuple[Place, ...]] = {}
    for place in places:
        found[place.task] = (*found.get(place.task, ()), place)
    return list(found.values())


def seen(opened: Opened, cell: Cell) -> tuple[Place, ...]:
    """What the model of a cell has been trained on, chosen by or pretrained on, as far as the lock holds it.

    They are named as in the table: one language, or all of a text together.
    """
    plan = opened.plan
    phases = [plan.phases[name].phase for name in cell.phases]
    rules = [cell.subject.rule, *(rule for phase in phases for rule in (phase.start.rule, phase.until) if rule)]
    sets = [data for phase in phases for data in phase.trains_on] + [data for rule in rules for data in rule.on]
    sets += [data for experiment in plan.experiments if _chose(experiment, cell) for data in experiment.on]
    places = [Place(data.task, data.language, data.split) for data in sets]
    for texts in _by_task(_held(opened.lock, pretrained(opened.study, cell.model))):
        places += [*texts, Group(texts, ()).name]
    return tuple(dict.fromkeys(places))


def _chose(experiment: Experiment, cell: Cell) -> bool:
    """Whether a search has a say in a cell: in its recipe values, or in what its arm is."""
    arms = experiment.sought.arms if experiment.sought is not None else ()
    concerns = cell.model in experiment.model.split("+") and cell.target in experiment.target.split("+")
    return concerns and (not arms or cell.arm in arms)


def _held(lock: Lock, addresses: Iterable[Address]) -> list[Place]:
    places = (Place(*address) for address in dict.fromkeys(addresses))
    return [place for place in places if str(place) in lock.splits]


def find(study: Study, lock: Lock, roots: Roots) -> pa.Table:
    """Hold the data against each other, schema ``OVERLAPS``.

    Raises ``LockError`` for data that are no longer what the lock was made from, ``DataError`` for what cannot be read.
    """
    data = roots.data_roots(study, lock.revisions)
    check_read(lock, path_of(study.path))

    def read(place: Place) -> Texts:
        check_split(study, lock, data, str(place), path_of(study.path))
        return _texts(study.registry.get(place.task), place, data)

    wanted = groups(study, lock)
    tasks = {place.task for group in wanted for place in group.against}
    return overlap.overlaps(wanted, read, {name: study.registry.get(name).derived_from for name in tasks})


def _texts(task: Task, place: Place, data: DataRoots) -> Texts:
    rows, where = data.rows(task, place.language, place.split), data.locate(task, place.language, place.split)
    keys: Sequence[Hashable] = ()
    if task.parallel == "example":
        keys = rows["example"].to_pylist()
    elif task.parallel is not None:
        keys = data.column(task, place.language, place.split, task.parallel).take(rows["example"]).to_pylist()
    return texts_of(task, rows, str(where), keys)


def keep(store: Store, study: Study, lock: Lock, found: pa.Table) -> None:
    """Store what was found of a study's data."""
    store.put(_path(study, lock), to_parquet(found))


def kept(store: Store, study: Study, lock: Lock) -> pa.Table | None:
    """What was found of these very data, by this version; None where nobody has looked yet, or it cannot be read."""
    content = store.get(_path(study, lock))
    try:
        return None if content is None else from_parquet(content).cast(OVERLAPS)
    except (pa.ArrowInvalid, ValueError, OSError):
        return None


def _path(study: Study, lock: Lock) -> str:
    """Keyed by the content of the data, by what their tasks say of them, and by the version of the comparison."""
    wanted = groups(study, lock)
    places = dict.fromkeys(place for group in wanted for place in (*group.sources, *group.against))
    tasks = {place.task: study.registry.get(place.task) for place in places}
    about = {
        name: [task.format.texts, task.format.in_words, task.parallel, task.derived_from]
        for name, task in tasks.items()
    }
    sets = {str(place): lock.data_set(*place) for place in places}
    named = [[[*map(str, group.sources)], [*map(str, group.against)]] for group in wanted]
    return f"overlaps/{key({'version': overlap.VERSION, 'data': sets, 'groups': named, 'tasks': about})}.parquet"
