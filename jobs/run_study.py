"""Run a study where this process is: events as JSON lines on standard output, the exit code says how it ended.

python -P -m jobs.run_study STUDY
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from xfer.driver import run
from xfer.errors import Stopped, XferError
from xfer.events import Event, Events
from xfer.io import leave
from xfer.study.resolve import Roots

UNFORESEEN = 3
"""Exit code when something broke that nobody has foreseen, such as Ray itself: a new driver may get through."""


STOPPED = Stopped.exit_code


def main(study: Path, listener: Callable[[Event], None] | None = None) -> int:
    """0 when every cell is done, 1 when one is not, 2 for the user's mistake, 130 when stopped, or ``UNFORESEEN``."""
    events, stop = Events(sys.stdout, listener), threading.Event()

    def on_signal(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the second time it really ends

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        return 0 if run(study, Roots.from_environment(), events, stop) else 1
    except XferError as error:
        events.emit("error", message=str(error), detail=traceback.format_exc(), code=error.exit_code)
        return error.exit_code
    except KeyboardInterrupt:
        events.emit("error", message="ended at once, as asked", detail="", code=STOPPED)
        return STOPPED
    except Exception as error:  # ours: it must not end in silence
        message = f"{type(error).__name__}: {error}"
        events.emit("error", message=message, detail=traceback.format_exc(), code=UNFORESEEN)
        return UNFORESEEN


if __name__ == "__main__":
    leave(main(Path(sys.argv[1])))
