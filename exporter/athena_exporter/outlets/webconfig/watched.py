"""Files that are read again once they have changed.

Stage: file -> **watched** -> loading. A look at a file's mark costs microseconds, so every request can afford it.
"""

import os
from pathlib import Path
from typing import TypeAlias

Mark: TypeAlias = tuple[int, int, int, int] | None
"""What changes when a file does: device, inode, size, time of change in nanoseconds; None while it isn't there."""


def _mark(path: Path) -> Mark:
    try:
        found = os.stat(path)  # noqa: PTH116  four of these a request: pathlib takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class Watched:
    """The files that one reading took in, each with its mark from before it was read."""

    def __init__(self) -> None:
        self._marks: dict[Path, Mark] = {}

    def read(self, path: Path) -> bytes:
        """The file's bytes. A file that can't be read is watched too. Raises OSError."""
        self._marks[path] = _mark(path)
        return path.read_bytes()

    def changed(self) -> bool:
        """Whether any of them has another mark now."""
        return any(_mark(path) != mark for path, mark in self._marks.items())
