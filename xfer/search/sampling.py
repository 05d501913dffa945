"""Where trials' values come from: a list, or Optuna, which goes by what the trials before have come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xfer.fingerprint import canonical, seed_of
from xfer.search.trials import Score
from xfer.store.experiments import Answer
from xfer.study.exploring import normal
from xfer.study.plan import Experiment, Sought, Values
from xfer.study.space import Dimension, Space

DRAWS = 20
"""Times that a sampler is asked for something new, before what has been tried is tried again; which costs nothing."""


class Listed:
    """Trials that are known beforehand, one after the other."""

    def __init__(self, experiment: Experiment) -> None:
        self._trials, self.name = experiment.trials, experiment.name

    def next(self, trial: int) -> Values:
        return self._trials[trial].values

    def ended(self, trial: int, score: Score, units: int) -> None:
        """Nothing to learn from it."""


class Sampled:
    """TPE (Bergstra et al. 2011) by Ray Tune's searcher around Optuna; ``prior`` trials are told to it beforehand."""

    def __init__(self, experiment: Experiment, sought: Sought, prior: Sequence[Answer]) -> None:
        import optuna
        from ray.tune.search.optuna import OptunaSearch

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # Another seed when there is more to begin with: the same one would propose again what is known already.
        sampler = optuna.samplers.TPESampler(seed=seed_of("tpe", sought.seed, len(prior)) % 2**32)
        storage = optuna.storages.InMemoryStorage()
        study = optuna.create_study(storage=storage, study_name="prior", direction="maximize")
        for answer in prior:
            study.add_trial(_known(answer, sought.space))
        self._space, self.name = sought.space, experiment.name
        self._searcher = OptunaSearch(
            space=self._draw, metric="score", mode="max", sampler=sampler, storage=storage, study_name="prior"
        )
        self._drawn: Values = {}
        self._seen = {canonical(answer.values) for answer in prior}
        self._draws: dict[int, str] = {}

    def next(self, trial: int) -> Values:
        for draw in range(DRAWS):
            if draw:
                self._searcher.on_trial_complete(self._draws[trial], error=True)
            self._draws[trial] = f"{trial}.{draw}"
            self._searcher.suggest(self._draws[trial])
            if canonical(self._drawn) not in self._seen:
                break
        self._seen.add(canonical(self._drawn))
        return self._drawn

    def ended(self, trial: int, score: Score, units: int) -> None:
        name, result = self._draws[trial], {"score": score, "training_iteration": units}
        if score is None:
            self._searcher.on_trial_complete(name, error=True)
        elif units:  # given up: how good it would have been is not known
            self._searcher.on_trial_result(name, result)
            self._searcher.on_trial_complete(name)
        else:
            self._searcher.on_trial_complete(name, result)

    def _draw(self, trial: Any) -> None:
        """Draw each value that the ones before leave room for."""
        values: dict[str, Any] = {}
        for dimension in self._space:
            if dimension.applies(values):
                values[dimension.name] = dimension.rounded(_drawn(trial, dimension))
        self._drawn = normal(values)


def _drawn(trial: Any, dimension: Dimension) -> Any:
    if dimension.choices:
        return trial.suggest_categorical(dimension.name, dimension.choices)
    if dimension.whole:
        return trial.suggest_int(dimension.name, round(dimension.low), round(dimension.high), log=dimension.log)
    return trial.suggest_float(dimension.name, dimension.low, dimension.high, log=dimension.log)


def _known(answer: Answer, space: Space) -> Any:
    """A trial of Optuna's that has been run already."""
    import optuna

    distributions = {dimension.name: _distribution(dimension) for dimension in space if dimension.name in answer.values}
    return optuna.trial.create_trial(params=dict(answer.values), distributions=distributions, value=answer.score)


def _distribution(dimension: Dimension) -> Any:
    from optuna import distributions

    if dimension.choices:
        return distributions.CategoricalDistribution(dimension.choices)
    if dimension.whole:
        low, high = round(dimension.low), round(dimension.high)
        return distributions.IntDistribution(low, high, log=dimension.log)
    return distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)
