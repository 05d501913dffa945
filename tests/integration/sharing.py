"""Drivers that share a store: started, disturbed, and what they made of it counted step by step."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xfer.events import Event, parse
from xfer.study.opening import open_study

Disturb = Callable[[subprocess.Popen[str]], None]


@dataclass(frozen=True)
class Shared:
    """What several drivers made of a study."""

    planned: int
    """Steps of its phases."""
    executed: int
    """Steps that were made, by whomever."""
    repeated: int
    """The most of them that were made more than once in one phase."""
    refused: int
    """Commits that came too late."""
    codes: tuple[int, ...]
    seconds: float


def run(
    study: Path,
    drivers: int,
    lease: float,
    step: float,
    disturb: Disturb | None = None,
    deaf: bool = False,
) -> Shared:
    """Start drivers at once on a study whose lanes sleep; ``disturb`` one of them when it is under way."""
    began, logs = time.monotonic(), [study.with_name(f"steps-{i}.log") for i in range(drivers)]
    jobs = [start(study, log, lease, step, deaf) for log in logs]
    if disturb is not None:
        while len(_steps(logs[:1])) < 25:  # one lane, or each of two, is between two snapshots
            assert jobs[0].poll() is None, "it ended before it could be disturbed"
            time.sleep(0.02)
        disturb(jobs[0])
    told = [event for job in jobs for event in _events(job)]
    phases = open_study(study).plan.phases
    made = Counter((phase, number) for _, phase, _, number in _steps(logs))
    again = Counter(phase for (phase, _), times in made.items() for _ in range(times - 1))
    return Shared(
        planned=sum(held.phase.steps for held in phases.values()),
        executed=made.total(),
        repeated=max(again.values(), default=0),
        refused=sum(event["event"] == "refused" for event in told),
        codes=tuple(job.returncode for job in jobs),
        seconds=time.monotonic() - began,
    )


def start(study: Path, log: Path, lease: float, step: float, deaf: bool) -> subprocess.Popen[str]:
    """One driver, in a process of its own."""
    options = ("--step", str(step), "--lease", str(lease))
    command = [sys.executable, "-m", "tests.sleepers", str(study), str(log), *options, *(["--deaf"] if deaf else [])]
    with log.with_suffix(".events").open("w") as events:
        return subprocess.Popen(command, stdout=events, text=True)


def pause(seconds: float) -> Disturb:
    """Stop a driver, as a machine does that sleeps, and let it go on later."""

    def disturb(job: subprocess.Popen[str]) -> None:
        job.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        job.send_signal(signal.SIGCONT)

    return disturb


def kill(job: subprocess.Popen[str]) -> None:
    job.kill()


def _events(job: subprocess.Popen[str]) -> list[Event]:
    job.wait()
    path = Path(str(job.args[4])).with_suffix(".events")  # type: ignore[index]
    return [event for event in map(parse, path.read_text().splitlines()) if event is not None]


def _steps(logs: list[Path]) -> list[list[str]]:
    """Process, phase, attempt and step of every step that was made; a line that a kill cut off was none."""
    texts = [log.read_text() for log in logs if log.exists()]
    return [line.split() for text in texts for line in text[: text.rfind("\n") + 1].splitlines()]
