"""Read TensorBoard's event files, checksums included."""

from __future__ import annotations

import struct
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c


def points(folder: Path) -> list[tuple[int, str, float]]:
    """Step, name and value of every scalar below a folder."""
    found = []
    for file in sorted(folder.rglob("events.out.tfevents.*")):
        content, place = file.read_bytes(), 0
        while place < len(content):
            (length,) = struct.unpack_from("<Q", content, place)
            event = content[place + 12 : place + 12 + length]
            for piece, at in ((content[place : place + 8], place + 8), (event, place + 12 + length)):
                assert struct.unpack_from("<I", content, at) == (masked_crc32c(piece),)
            parsed = Event.FromString(event)
            found += [(parsed.step, value.tag, value.simple_value) for value in parsed.summary.value]
            place += 16 + length
    return found
