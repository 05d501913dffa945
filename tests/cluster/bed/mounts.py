"""Mounts below a folder, and deleting a folder in which the machine's own folders have been mounted.

``rm -rf`` of a kubelet's folder while a volume is mounted there deletes what the volume shows: the machine's ``/usr``.
So nothing here deletes before the kernel's list of mounts has been asked, and the deletion itself enters no folder
that lies on another mount than the one it began on.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from tests.cluster.bed.command import run
from tests.cluster.bed.layout import BedError


def mounted() -> list[tuple[int, Path]]:
    """All mounts of this machine, in the order in which they were made: number and place."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields = line.split(" ")
        place = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        found.append((int(fields[0]), Path(place)))
    return found


def below(folder: Path) -> list[Path]:
    """Mounts at or below a folder, the later first. A place of several mounts is named as often."""
    real = folder.resolve()
    return [place for _, place in reversed(mounted()) if place == real or real in place.parents]


def bind_read_only(source: Path, target: Path) -> None:
    """Show a folder in another place, where nobody can write: a bind mount of this one cannot be written either."""
    target.mkdir(parents=True, exist_ok=True)
    run("mount", "--bind", source, target)
    run("mount", "-o", "remount,bind,ro", target)


def unmount_below(folder: Path, seconds: float = 15.0) -> None:
    """Unmount all at or below a folder; what is busy is tried again, and never detached lazily.

    Raises:
        BedError: something is still mounted after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    problem = ""
    while left := below(folder):
        for place in left:
            try:
                run("umount", "--no-canonicalize", place)
            except BedError as error:
                problem = str(error)
        if below(folder) and time.monotonic() > deadline:
            raise BedError(f"still mounted below {folder}: {', '.join(map(str, below(folder)))}\n{problem}")
        if below(folder):
            time.sleep(0.2)


def delete(folder: Path) -> None:
    """Delete a folder and all in it, unless there is a mount at or below it.

    Raises:
        BedError: there is a mount; nothing was deleted, or nothing on the mount if it appeared meanwhile.
    """
    if not folder.exists():
        return
    if left := below(folder):
        raise BedError(f"not deleted: {folder} has mounts below it: {', '.join(map(str, left))}")
    parent = os.open(folder.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        delete_in(parent, folder.resolve().name, folder, mount_of(parent))
    finally:
        os.close(parent)


def delete_in(parent: int, name: str, path: Path, mount: int) -> None:
    """Empty and remove a folder by descriptors: what was checked is what is deleted, whatever is mounted meanwhile."""
    here = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        if mount_of(here) != mount:
            raise BedError(f"not deleted: something is mounted at {path}")
        with os.scandir(here) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for entry, is_folder in found:
            if is_folder:
                delete_in(here, entry, path / entry, mount)
            else:
                os.unlink(entry, dir_fd=here)
    finally:
        os.close(here)
    os.rmdir(name, dir_fd=parent)


def mount_of(descriptor: int) -> int:
    """The number of the mount on which an open file lies. A device number would not do: a bind mount keeps it."""
    for line in Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines():
        if line.startswith("mnt_id:"):
            return int(line.split()[1])
    raise BedError("this kernel does not say on which mount an open file lies")
