"""Write a study's tables, as they are in a storage, to standard output as one archive.

python -P -m jobs.pack STORAGE STUDY
"""

from __future__ import annotations

import sys

from xfer.errors import XferError
from xfer.io import leave
from xfer.store import tables
from xfer.store.store import Store


def main() -> int:
    """0, or 2 with one message on standard error."""
    try:
        tables.pack(Store(sys.argv[1]), sys.argv[2], sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except XferError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    leave(main())
