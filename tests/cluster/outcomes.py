"""What a study must come to, whatever happened to its pods: each phase made once, and the tables of a run here."""

from __future__ import annotations

from pathlib import Path

import xfer
from tests.cluster.sites import Site
from tests.integration import studies


def as_on_this_machine(site: Site, study: Path, alone: Path) -> None:
    """What is fetched of a run that is done is what ``alone``, the same study with a storage of its own, comes to."""
    fetched = site.xfer("fetch", str(study), "--on", "bed")
    assert fetched.returncode == 0, fetched.stderr
    done = site.xfer("run", str(alone), timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert studies.differences(studies.tables(study), studies.tables(alone)) == []


def each_phase_was_made_once(study: Path, strikes: int, every: int = studies.EVERY) -> list[tuple[str, int]]:
    """However often it was begun; what was done again, at most a snapshot's interval for each strike.

    A strike ends one attempt, or hits between two: of each that was ended, its outcome and the steps done again.
    """
    views = xfer.open(str(study))
    committed = [row["phase"] for row in views.attempts().to_pylist() if row["outcome"] == "committed"]
    assert sorted(committed) == sorted({row["phase"] for row in views.table("phases").to_pylist()})
    repeated = studies.repeated_steps(study)
    assert len(repeated) <= strikes, repeated
    assert all(steps <= every for _, steps in repeated), repeated
    return repeated
