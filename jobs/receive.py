"""Put the files of an archive (tar, gzip), which comes on standard input, into a storage; those that are there stay.

python -P -m jobs.receive STORAGE
"""

from __future__ import annotations

import sys

from xfer.errors import XferError
from xfer.io import leave
from xfer.store.arrival import receive
from xfer.store.store import Store


def main() -> int:
    """0, or 2 with one message on standard error."""
    store = Store(sys.argv[1])
    try:
        receive(sys.stdin.buffer, store)
    except XferError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    leave(main())
