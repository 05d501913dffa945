"""``xfer check``: everything that is wrong with a study file, without data."""

from __future__ import annotations

from cluster.cli.arguments import StudyPath


def check(study: StudyPath) -> None:
    """Read a study and say what is wrong with it; and with its lock, if it has one."""
    from xfer.study import lock, reading
    from xfer.study.planner import plan

    found = reading.read(study)
    path = lock.path_of(study)
    if path.exists():
        plan(found, lock.read(path, found.registry), {})
    print(f"{study}: fine; " + (f"{path.name} fits it" if path.exists() else "it has no lock yet"))
