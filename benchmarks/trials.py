"""What Ray Tune costs a trial that needs no time itself: here, and as stock function trainables.

python -m benchmarks.trials [--trials N] [--at-once N]
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from contextlib import redirect_stdout

from benchmarks.table import show
from xfer.execution.runtime import configure_ray
from xfer.search.trials import Course, Question, Score, search
from xfer.store.experiments import Ledger
from xfer.store.store import Store
from xfer.study.plan import Values

STOCK = 30
"""Trials of the other side."""

Row = dict[str, str | float]


class Numbers:
    """A learning rate for each trial, all of them different."""

    def next(self, trial: int) -> Values:
        return {"learning_rate": 1e-6 * (trial + 1)}

    def name(self, values: Values) -> str:
        return str(values["learning_rate"])

    def ended(self, trial: int, score: Score, units: int) -> None:
        """Nothing to learn from it."""


def ours(folder: str, trials: int, at_once: int, askers: int) -> float:
    """Seconds of a search whose questions are answered at once, from its start to its end."""

    def answer(question: Question) -> float:
        return float(question.values["learning_rate"])

    course = Course("trials", trials, at_once, None)
    began = time.monotonic()
    told = search(course, Numbers(), Ledger(Store(folder), "trials"), answer, askers)
    assert len(told.scores) == trials
    return time.monotonic() - began


def stock(folder: str, trials: int, at_once: int) -> float:
    """Seconds of a ``Tuner.fit()`` over a function that reports at once, at Ray Tune's defaults."""
    from ray import tune

    began = time.monotonic()
    tuner = tune.Tuner(
        tune.with_resources(_reports, {"CPU": 2 / at_once}),
        param_space={"learning_rate": tune.loguniform(1e-6, 1e-4)},
        tune_config=tune.TuneConfig(metric="score", mode="max", num_samples=trials, max_concurrent_trials=at_once),
        run_config=tune.RunConfig(name="stock", storage_path=folder, verbose=0),
    )
    with redirect_stdout(None):
        found = tuner.fit()
    assert len(found) == trials and not found.errors
    return time.monotonic() - began


def _reports(config: dict[str, float]) -> None:
    from ray import tune

    tune.report({"score": config["learning_rate"]})


def main() -> None:
    import ray

    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=4)
    given = parser.parse_args()
    configure_ray()
    ray.init(address="local", num_cpus=2, log_to_driver=False, logging_level=logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="xfer-bench-") as folder:
        other = stock(f"{folder}/ray", STOCK, given.at_once)  # first, while nothing has changed Tune's environment
        rows = [
            row("a search", given.trials, ours(folder, given.trials, given.at_once, given.at_once)),
            row("the same, replayed from its answers", given.trials, ours(folder, given.trials, given.at_once, 1)),
            row("stock function trainables", STOCK, other),
        ]
    for entry in rows:
        entry["of stock"] = float(entry["s a trial"]) / float(rows[-1]["s a trial"])
    show("trials", f"seconds of Ray Tune for a trial that is answered at once, {given.at_once} at a time", rows)


def row(side: str, trials: int, seconds: float) -> Row:
    """One line of the table."""
    return {"side": side, "trials": trials, "s in all": seconds, "s a trial": seconds / trials}


if __name__ == "__main__":
    main()
