"""Make a study's lock where the data are, and print it on standard output as one line.

python -P -m jobs.lock STUDY
"""

from __future__ import annotations

import sys
from pathlib import Path

from xfer.errors import XferError
from xfer.io import leave
from xfer.study import reading
from xfer.study.resolve import Roots, lock_of


def main() -> int:
    """0, or 2 with one message on standard error."""
    try:
        made = lock_of(reading.read(Path(sys.argv[1])), Roots.from_environment())
    except XferError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(made.model_dump_json() + "\n")
    return 0


if __name__ == "__main__":
    leave(main())
