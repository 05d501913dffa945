"""A search as a real Ray Tune experiment. Tune decides what is tried and given up; the driver's lanes do it.

What Tune does follows from the order in which it hears answers. So it hears them one at a time, the next when every
trial that it runs has asked again; in the order in which they came, which is stored. The same answers in the same order
lead to the same questions, however many trials run at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from xfer.errors import XferError
from xfer.execution.board import actor
from xfer.fingerprint import canonical
from xfer.search.desk import Asked, Desk
from xfer.store.experiments import Answer, Ledger
from xfer.study.plan import Values
from xfer.study.tuning import Asha


class Question(NamedTuple):
    """How good is this trial?"""

    trial: int
    """Its number, in the order in which trials were begun."""
    units: int
    """Trained so far, in units of the scheduler's; 0: to its end."""
    values: Values
    """What it tries."""


Score = float | None
"""None: it failed."""


class Source(Protocol):
    """What is tried."""

    def next(self, trial: int) -> Values:
        """The values of the next trial."""
        ...

    def name(self, values: Values) -> str:
        """Key of what the score of a trial says something about."""
        ...

    def ended(self, trial: int, score: Score, units: int) -> None:
        """How good a trial was where it ended: at a rung, or (``units`` 0) in the end; None: it failed."""
        ...


class Course(NamedTuple):
    """How a search goes."""

    name: str
    trials: int
    at_once: int
    """Trials that Tune runs at a time."""
    scheduler: Asha | None


class Told(NamedTuple):
    """What a search has come to."""

    values: list[Values]
    """By trial."""
    scores: dict[Asked, Score]


def search(course: Course, source: Source, ledger: Ledger, answer: Callable[[Question], Score], askers: int) -> Told:
    """Run a search to its end. ``answer`` is called in up to ``askers`` threads at a time, for what is not in the
    ledger; what it raises ends the search and is raised here."""
    found = _Search(course, source, ledger, answer, askers)
    if course.trials:
        found.run()
    return Told(found.values, found.scores)


class _Search:
    def __init__(
        self, course: Course, source: Source, ledger: Ledger, answer: Callable[[Question], Score], askers: int
    ) -> None:
        self._course, self._source, self._ledger, self._answer = course, source, ledger, answer
        self.values: list[Values] = []
        self.scores: dict[Asked, Score] = {}
        self._names: list[str] = []  # of the values, in which they are the same
        self._running = 0
        self._waiting: set[Asked] = set()
        self._asking: set[tuple[str, int]] = set()
        self._failed: dict[tuple[str, int], int] = {}  # in the order in which they failed
        self._over = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._askers = threading.Semaphore(askers)
        self._desk: Any = None

    def run(self) -> None:
        import ray

        self._desk = actor(Desk)
        threads = [threading.Thread(target=work, daemon=True) for work in (self._tune, self._listen)]
        for thread in threads:
            thread.start()
        try:
            while (question := self._wait()) is not None:
                ray.get(self._desk.answer.remote(question, self.scores[question]))
        finally:
            with self._changed:
                self._over = True
            ray.get(self._desk.close.remote())
            for thread in threads:
                thread.join()
        if self._error is not None:
            raise self._error

    def _wait(self) -> Asked | None:
        """The question that Tune is to hear the answer of now; None when the search is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._error is not None or self._first() is not None)
            question = None if self._over or self._error is not None else self._first()
            if question is not None:
                about = self._about(question)
                failed = self._ledger.place(about) is None
                self.scores[question] = None if failed else self._ledger.score(about)
                self._waiting.remove(question)
            return question

    def _first(self) -> Asked | None:
        """Of the answered questions that wait, the one whose answer came first; None while Tune is about to ask."""
        begun = len(self.values) == self._course.trials or self._running == self._course.at_once
        if not begun or len(self._waiting) < self._running:
            return None
        places = {question: self._place(question) for question in self._waiting}
        answered = [(place, question) for question, place in places.items() if place is not None]
        return min(answered)[1] if answered else None

    def _place(self, question: Asked) -> tuple[bool, int] | None:
        """What is stored stands before what failed, which is not."""
        about = self._about(question)
        place = self._ledger.place(about)
        if place is not None:
            return False, place
        return (True, self._failed[about]) if about in self._failed else None

    def _about(self, question: Asked) -> tuple[str, int]:
        return self._names[question.trial], question.units

    # What Tune calls, in its own thread.

    def begin(self) -> int | None:
        with self._changed:
            if self._over or self._error is not None:
                return None
            number = len(self.values)
            values = self._source.next(number)
            self.values.append(values)
            self._names.append(canonical(values))
            self._running += 1
            self._changed.notify_all()
            return number

    def ended(self, trial: int, score: Score, units: int, died: bool) -> None:
        with self._changed:
            self._running -= 1
            if died and not self._over:
                fix = "run it again: it goes on from the answers that it has"
                self._error = self._error or XferError(f"the process of a trial has died: {trial}", fix=fix)
            self._source.ended(trial, score, units)
            self._changed.notify_all()

    def _tune(self) -> None:
        try:
            from xfer.search import runner

            runner.fit(self._course, self, self._desk)
        except BaseException as error:  # told to who waits
            self._fail(error)
        with self._changed:
            self._over = True
            self._changed.notify_all()

    # What waits for questions, and for their answers.

    def _listen(self) -> None:
        import ray

        try:
            while (question := ray.get(self._desk.next.remote())) is not None:
                self._ask(question)
        except BaseException as error:
            self._fail(error)

    def _ask(self, question: Asked) -> None:
        with self._changed:
            about = self._about(question)
            known = self._ledger.place(about) is not None or about in self._failed
            if not known and about not in self._asking:
                self._asking.add(about)
                threading.Thread(target=self._find_out, args=(question,), name="answer", daemon=True).start()
            self._waiting.add(question)
            self._changed.notify_all()

    def _find_out(self, question: Asked) -> None:
        values, about = self.values[question.trial], self._about(question)
        try:
            with self._askers:
                if self._over or self._error is not None:
                    return
                self._ledger.catch_up()
                known = self._ledger.place(about) is not None
                score = self._ledger.score(about) if known else self._answer(Question(*question, values))
            if score is not None:
                self._ledger.add(Answer(values, question.units, score, self._source.name(values)))
        except BaseException as error:
            self._fail(error)
            return
        with self._changed:
            if score is None:
                self._failed[about] = len(self._failed)
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()
