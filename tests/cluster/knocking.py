"""Knock at Ray's ports as Ray's own clients do, with the token that this process has or has not: run as a program.

python -P tests/cluster/knocking.py '{"who": ["10.0.0.1:6379", "/ray.rpc.Service/Method"]}'

It prints, as JSON, who answered what: ``OK``, or the name of gRPC's status.
"""

# ruff: noqa: T201 - what it prints is its answer

from __future__ import annotations

import json
import sys

PATIENCE = 20.0
"""Seconds that an answer may take."""


def knock(address: str, method: str) -> str:
    """Call a method with an empty message over a channel that Ray's Python clients would open."""
    import grpc  # type: ignore[import-untyped]
    from ray._private.grpc_utils import init_grpc_channel

    with init_grpc_channel(address) as channel:
        try:
            channel.unary_unary(method)(b"", timeout=PATIENCE, metadata=(("client_id", "knocking"),))
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"


def ask_gcs(address: str) -> str:
    """Join as Ray's core does, and read a key."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.exceptions import AuthenticationError

    try:
        held = GcsClient(address=address).internal_kv_keys(b"", None, timeout=PATIENCE)
    except AuthenticationError:
        return "UNAUTHENTICATED"
    return "OK" if held else "EMPTY"


def main() -> None:
    doors: dict[str, tuple[str, str]] = json.loads(sys.argv[1])
    print(json.dumps({who: knock(*door) if door[1] else ask_gcs(door[0]) for who, door in doors.items()}))


if __name__ == "__main__":
    main()
