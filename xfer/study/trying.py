"""The trials of a plan: what ``tune`` and ``explore`` try, on which models, targets and seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from xfer.fingerprint import seed_of
from xfer.phase.evaluation import Evaluation
from xfer.study.arms import AnyArm
from xfer.study.exploring import Explored, at_end, explored
from xfer.study.lock import Lock
from xfer.study.needs import split_of
from xfer.study.plan import Addition, Experiment, Planned, Sought, Trial, Tried, Values
from xfer.study.schema import Study
from xfer.study.space import Space
from xfer.study.tuning import Asha

ANY_RATE = 1.0
"""A learning rate for trials that nobody runs: their keys say what all trials have in common."""


@dataclass(frozen=True)
class Setting:
    """What a trial goes through."""

    pairs: tuple[tuple[str, str], ...]
    """Models and targets."""
    arms: tuple[AnyArm, ...]
    seeds: tuple[int, ...]
    on: str
    """Split and language that it is judged on."""
    scheduler: Asha | None
    at_once: int
    field: str
    """Of the study file, which says so."""
    values: Values
    """Of target phases."""


class Planner(Protocol):
    """What plans a trial's phases, and notes them."""

    phases: dict[str, Planned]
    evaluations: dict[str, Evaluation]

    def trial(self, values: Values, setting: Setting) -> Trial: ...


class Trying:
    """The experiments of a study."""

    def __init__(self, study: Study, lock: Lock, tried: Tried, planner: Planner, fresh: Callable[[], Planner]) -> None:
        """``planner`` notes trials that are known; ``fresh`` makes one for each that comes to be known."""
        self._study, self._lock, self._tried, self._planner, self._fresh = study, lock, tried, planner, fresh

    def tunings(self) -> Iterator[tuple[Experiment, tuple[tuple[str, str], ...]]]:
        """The experiments of ``tune``, and the pairs of model and target that each is about."""
        tune = self._study.tune
        if tune is None:
            return
        named = {arm.name: arm for arm in self._study.arms}
        arms = tuple(named[name] for name in tune.arms)
        for pairs in _groups(self._models(None), self._trained(tune.targets), tune.per):

            def setting(values: Values, pairs: tuple[tuple[str, str], ...] = pairs) -> Setting:
                return Setting(pairs, arms, tune.seeds, tune.on, tune.scheduler, tune.at_once, "tune", values)

            values = tuple({"learning_rate": rate} for rate in tune.values)
            likes = ({"learning_rate": ANY_RATE},)
            yield self._experiment(setting, values, tune.space, tune.drawn, likes, likes), pairs

    def exploration(self) -> Experiment | None:
        """The experiment of ``explore``."""
        explore, arms = self._study.explore, self._study.arms
        if explore is None:
            return None
        pairs = tuple((m, t) for m in self._models(explore.models) for t in self._trained(explore.targets))

        def setting(values: Values) -> Setting:
            arm = explored("trial", values, arms)
            return Setting(
                pairs, (arm,), explore.seeds, explore.on, explore.scheduler, explore.at_once, "explore", arm.values
            )

        space, likes = explore.dimensions(arms), explore.likes()
        most, least = (tuple(at_end(space, like, end) for like in likes) for end in (max, min))
        found = self._experiment(setting, (), space, explore.trials, likes, most, explore.found)
        assert found.sought is not None
        for values in least:  # if the smallest trial can be planned, all can
            found.sought.make(values)
        return found

    def found(self, chosen: Values | None) -> tuple[Explored, ...]:
        """The arms that are what ``explore`` has found; while it has not, ones that stand for them."""
        explore, arms = self._study.explore, self._study.arms
        assert explore is not None
        if chosen is None:
            return tuple(explored(name, explore.likes()[-1], arms, decided=False) for name in explore.found)
        return tuple(explored(name, values, arms) for name, values in chosen.items())

    def _experiment(
        self, setting: Callable[[Values], Setting], values: tuple[Values, ...], space: Space, drawn: int,
        likes: tuple[Values, ...], ends: tuple[Values, ...], found_as: tuple[str, ...] = (),
    ) -> Experiment:  # fmt: skip
        def make(values: Values) -> Addition:
            planner = self._fresh()
            return Addition(planner.trial(values, setting(values)), planner.phases, planner.evaluations)

        first = setting(likes[0])
        called = ["+".join(dict.fromkeys(part)) for part in zip(*first.pairs, strict=True)]
        tasks = [task for task in dict.fromkeys(self._trains_on(target) for _, target in first.pairs) if task]
        on = tuple(self._lock.data_set(task, *split_of(first.on)) for task in tasks)
        metrics = tuple(self._study.registry.get(task).major for task in tasks)
        about: dict[str, Any] = {"model": called[0], "target": called[1], "on": on, "metrics": metrics}
        if not space:
            trials = tuple(self._planner.trial(one, setting(one)) for one in values)
            at_once = len(trials) if first.scheduler is None else first.at_once
            return Experiment(**about, trials=trials, scheduler=first.scheduler, at_once=at_once)
        sought = Sought(space, drawn, seed_of("search", *first.seeds), found_as, tuple(map(make, likes)), ends, make)
        found = Experiment(**about, trials=(), scheduler=first.scheduler, sought=sought, at_once=first.at_once)
        known = tuple(self._planner.trial(one, setting(one)) for one in self._tried.get(found.key, ()))
        return replace(found, trials=known)

    def _models(self, names: tuple[str, ...] | None) -> list[str]:
        return [ref.id for ref in self._study.models if names is None or ref.id in names]

    def _trained(self, targets: tuple[str, ...] | None) -> list[str]:
        return [name for name in targets or self._study.target_names if self._trains_on(name)]

    def _trains_on(self, target: str) -> str:
        return self._study.registry.get(self._study.target(target).task).trains_on or ""


def _groups(models: list[str], targets: list[str], per: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Pairs of model and target that share one choice."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for model in models:
        for target in targets:
            name = (model if "model" in per else "", target if "target" in per else "")
            groups.setdefault(name, []).append((model, target))
    yield from map(tuple, groups.values())
