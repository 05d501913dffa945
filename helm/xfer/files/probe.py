"""Run by ``helm test`` in a pod like a study's: the image holds xfer, and its storage can be written to."""

import sys

from xfer.store.store import Store

Store(sys.argv[1]).require_writable()
