"""A trial as Ray Tune runs it: it waits at the desk and trains nothing.

It lives in a process of its own, which is to start quickly: nothing is imported here that it can do without.
"""

from __future__ import annotations

from typing import Any

import ray
from ray import tune

from xfer.search.desk import Asked, Reply

WORST = -1.0
"""What a scheduler is told of a trial that failed: below every score."""


class Trial(tune.Trainable):
    """One trial after the other: a process is started once."""

    def setup(self, config: dict[str, Any], **given: Any) -> None:
        self._desk, self._rungs = given["desk"], given["rungs"]
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._number, self._left = new_config["trial"], [*self._rungs, 0]
        return True

    def step(self) -> dict[str, Any]:
        units = self._left.pop(0)
        reply: Reply = ray.get(self._desk.ask.remote(Asked(self._number, units)))
        failed = reply.score is None
        score = WORST if failed else reply.score
        return {"score": score, "units": units, "failed": failed, tune.result.DONE: failed or reply.over or not units}
