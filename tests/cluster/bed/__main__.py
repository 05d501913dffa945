"""``python -m tests.cluster.bed up``: a Kubernetes cluster of one real node on this machine, and down again."""

# ruff: noqa: T201 - this is where a person reads

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.cluster.bed import lifecycle, processes, programs
from tests.cluster.bed.layout import FOLDER, BedError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.bed", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="make the programs that the cache lacks")
    up = verbs.add_parser("up", help="bring the cluster up and print the path of its kubeconfig")
    up.add_argument("--folder", type=Path, help=f"where it lives; {FOLDER} by default")
    verbs.add_parser("down", help="take it down and remove all of it")
    verbs.add_parser("status", help="say what runs")
    arguments = parser.parse_args()
    try:
        return {"build": _build, "up": _up, "down": _down, "status": _status}[arguments.verb](arguments)
    except BedError as error:
        print(f"bed: {error}", file=sys.stderr)
        return 2


def _build(_: argparse.Namespace) -> int:
    if reason := programs.lacking():
        raise BedError(reason)
    programs.build()
    print(programs.cache())
    return 0


def _up(arguments: argparse.Namespace) -> int:
    begun = time.monotonic()
    bed = lifecycle.up(arguments.folder)
    print(f"bed: up after {time.monotonic() - begun:.1f} s", file=sys.stderr)
    print(bed.kubeconfig)
    return 0


def _down(_: argparse.Namespace) -> int:
    begun = time.monotonic()
    bed = lifecycle.down()
    what = f"down after {time.monotonic() - begun:.1f} s" if bed else "there was none"
    print(f"bed: {what}", file=sys.stderr)
    return 0


def _status(_: argparse.Namespace) -> int:
    """Exit code 0 when the bed is up, 1 when it is not."""
    bed = lifecycle.marked()
    if bed is None:
        print("no bed")
        return 1
    running = processes.running(bed)
    for name in processes.started(bed):
        print(f"{name:26}{running.get(name, 'ended')}")
    try:
        up = lifecycle.ready(bed)
    except BedError:
        up = False
    print(f"{'ready' if up else 'not ready'}: {bed.kubeconfig}")
    return 0 if up else 1


if __name__ == "__main__":
    sys.exit(main())
