"""How recipes were chosen and what was explored, in words."""

from __future__ import annotations

from collections.abc import Iterator

from xfer.reports.formatting import count
from xfer.reports.methods_training import tuned
from xfer.reports.prose import Paragraph, listed, number_of, percent, rate
from xfer.study.plan import Experiment, Plan
from xfer.study.schema import Study
from xfer.study.tuning import Asha, Tune


def searches(study: Study, plan: Plan, pruned: int) -> Iterator[Paragraph]:
    """What was searched for, if anything was; ``pruned`` trials were given up."""
    trials = sum(experiment.number for experiment in plan.experiments)
    early = f" {number_of(pruned, 'trial')} of {count(trials)} ended early." if pruned else ""
    tunings = [experiment for experiment in plan.experiments if not experiment.explores]
    if study.tune is not None:
        yield Paragraph("Search", _tuning(study, study.tune) + early, tuple(_chosen(one, plan) for one in tunings))
        early = ""
    for experiment in plan.experiments:
        if experiment.explores:
            yield Paragraph("Exploration", _exploring(study, experiment) + early, tuple(_found(experiment, plan)))


def _tuning(study: Study, tune: Tune) -> str:
    per = listed([f"each {name}" for name in tune.per]) if tune.per else "all models and targets together"
    arms = f"{'arm' if len(tune.arms) == 1 else 'arms'} {listed(tune.arms)}"
    return (
        f"The learning rate of {listed(sorted(tuned(study), key=study.target_names.index))} was chosen by "
        f"{_drawn(tune)}; one value for {per}. A trial goes through {arms} with {_seeds(tune.seeds)}, "
        f"used for nothing else, and counts by its score on all {tune.on} data of the task trained on, "
        f"averaged where it is several runs. {_schedule(tune.scheduler)}"
    )


def _drawn(tune: Tune) -> str:
    """How the values that are tried come about."""
    space = tune.learning_rate
    if space.low is None or space.high is None:
        return f"a grid search over {listed([rate(value) for value in tune.values])}"
    between = f"from {rate(space.low)} to {rate(space.high)}"
    if tune.space:
        return (
            f"TPE (Bergstra et al. 2011), by Optuna: {count(tune.drawn)} values {between}, each proposed by what those "
            "before it had come to"
        )
    values = listed([rate(value) for value in tune.values])
    return (
        f"a random search: {count(len(tune.values))} values drawn {between}, evenly on a logarithmic scale ({values})"
    )


def _exploring(study: Study, experiment: Experiment) -> str:
    explore = study.explore
    assert explore is not None
    names = listed([dimension.name for dimension in explore.dimensions(study.arms)])
    return (
        "What comes before the targets was searched for by TPE (Bergstra et al. 2011), by Optuna: "
        f"{number_of(explore.trials, 'trial')} over {names}. A trial is trained with {_seeds(explore.seeds)}, used for "
        f"nothing else, and counts by the mean of its scores on all {explore.on} data over "
        f"{listed(_parts(experiment))}. {_schedule(explore.scheduler)} No trial is a result: the best became arms of "
        "the grid, trained anew with the study’s own seeds."
    )


def _schedule(asha: Asha | None) -> str:
    if asha is None:
        return "Every trial runs to its end, and the best value is taken, the first of several."
    rungs = listed([percent(units / asha.units) for units in asha.rungs])
    return (
        f"Trials that fall behind are given up by asynchronous successive halving (ASHA): after {rungs} of its steps "
        f"a trial goes on only if it is among the best 1/{asha.factor} of those that have come so far; of those "
        "that reach their end the best is taken."
    )


def _seeds(seeds: tuple[int, ...]) -> str:
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {listed(seeds)}"


def _parts(experiment: Experiment) -> list[str]:
    """The targets that decide."""
    return list(experiment.target.split("+"))


def _chosen(experiment: Experiment, plan: Plan) -> str:
    model, values = listed(experiment.model.split("+")), plan.decisions.get(experiment.key)
    chosen = listed([rate(value) for value in values.values()]) if values else "not chosen yet"
    return f"{listed(_parts(experiment))} on {model}: {chosen}."


def _found(experiment: Experiment, plan: Plan) -> Iterator[str]:
    """The arms that were found, with what they are made of."""
    decided = plan.decisions.get(experiment.key)
    if decided is None:
        yield "Nothing is found yet."
        return
    for arm, values in decided.items():
        told = listed(
            [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()]
        )
        yield f"{arm}: {told}."
