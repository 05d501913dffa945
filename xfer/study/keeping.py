"""Keeping: when a study has done with a checkpoint's weights, and dropping those that its ``keep`` lets go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from xfer.errors import StoreError
from xfer.store import dropping, studies
from xfer.store.store import Store
from xfer.store.studies import Needs
from xfer.study.plan import Plan
from xfer.study.schema import Keep

Place = tuple[str, str]
"""A checkpoint: key of the phase, key of the rule."""


class Keeper:
    """Drops weights after their last use in a study, unless another study of the store's list wants them."""

    def __init__(self, store: Store, plan: Plan, needs: Needs, keep: Keep, told: Callable[[str, int], None]) -> None:
        """``told`` hears the phase and the bytes of weights that have gone."""
        self._store, self._plan, self._needs, self._keep, self._told = store, plan, needs, keep, told
        self._uses = {} if keep.weights == "all" else _uses(plan, needs)
        for phase in needs.phases:
            if keep.stays(plan.phases[phase].roles):
                for rule in plan.phases[phase].rules:
                    self._uses.pop((phase, rule), None)
        self._used_by: dict[str, set[Place]] = {}
        for place, users in self._uses.items():
            for user in users:
                self._used_by.setdefault(user, set()).add(place)

    def also(self, plan: Plan, needs: Needs) -> None:
        """More has come to the plan, and to what the study needs: wait for that, too."""
        earlier_plan, earlier_needs = self._plan, self._needs
        self._plan, self._needs = plan, needs
        if self._keep.weights == "all":
            return
        before = _uses(earlier_plan, earlier_needs)
        for place, users in _uses(plan, needs).items():
            new = users - before.get(place, set())
            is_new = place not in before and not self._keep.stays(plan.phases[place[0]].roles)
            if new and (is_new or place in self._uses):
                self._uses.setdefault(place, set()).update(new)
                for user in new:
                    self._used_by.setdefault(user, set()).add(place)

    def done(self, *keys: str) -> None:
        """These phases are complete, these evaluations are held: drop what nothing else waits for."""
        touched = set()
        for key in keys:
            for place in self._used_by.pop(key, ()):
                self._uses[place].discard(key)
                touched.add(place[0])
        self._drop(touched)

    def clear(self) -> None:
        """Drop all that nothing waits for; what another study wanted when its turn came, and trials, too."""
        self._drop({phase for phase, _ in self._uses})

    def end(self) -> None:
        """The study has come to its end: say which weights it still wants, then drop the others."""
        if self._keep.weights != "all":
            done = {place for place, users in self._uses.items() if not users}
            wanted = {p: tuple(r for r in rules if (p, r) not in done) for p, rules in self._needs.phases.items()}
            weights = {phase: rules for phase, rules in wanted.items() if rules}
            studies.declare(self._store, self._needs.model_copy(update={"weights": weights}))
            self.clear()

    def _drop(self, phases: set[str]) -> None:
        name = self._needs.study
        why = f"study {name} has done with them, and keeps weights: {self._keep.weights}"
        for phase in sorted(phases):
            rules = [rule for rule in self._plan.phases[phase].rules if self._uses.get((phase, rule)) == set()]
            if rules:
                others = partial(studies.weights_wanted, self._store, phase, but=name)
                with suppress(StoreError):  # as when another study's needs cannot be read: in doubt all is kept
                    if freed := dropping.drop(self._store, phase, rules, why, others):
                        self._told(phase, freed)


def _uses(plan: Plan, needs: Needs) -> dict[Place, set[str]]:
    """By checkpoint: keys of what it waits for or what waits for it. Its phase, those that start from it, evaluations.

    Nothing waits for trials of a choice that has been made.
    """
    uses: dict[Place, set[str]] = {(p, rule): set() for p in needs.trials for rule in plan.phases[p].rules}
    uses |= {(phase, rule): {phase} for phase, rules in needs.phases.items() for rule in rules}
    for phase in needs.phases:
        start = plan.phases[phase].phase.start
        if start.phase:
            uses[start.phase, start.rule.key].add(phase)
    for keys in needs.evaluations.values():
        subject = plan.evaluations[keys[0]].subject
        if subject.phase:
            uses[subject.phase, subject.rule.key].update(keys)
    return uses
