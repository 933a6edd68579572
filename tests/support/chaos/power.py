"""A power cut for SQLite's files: what was written and never synced is lost, or torn, as a disk may do it.

A VFS of SQLite that hands every call on to its own one, and remembers of each write since the last sync of that file
what stood there before. At the cut each of these writes is kept, undone, or kept in part (in whole sectors of 512
bytes), each by chance and in no order, and files that grew lose their new end. Then the process dies by SIGKILL.

What it emulates: writes that a disk's cache had not yet written, those of the ledger, its log and its journal. What it
does not: sectors that are half old and half new, disks that lie about a sync, the loss of folder entries (the log and
the journal are there after the cut), and the shared memory beside the log, which SQLite makes anew.
https://www.sqlite.org/c3ref/vfs.html, https://www.sqlite.org/atomiccommit.html
"""

import _sqlite3
import ctypes
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

NAME = "power"
SECTOR = 512
_OK = 0
_Pointer, _Int, _Size = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Pointer, _Int, _Pointer)
_CLOSE = ctypes.CFUNCTYPE(_Int, _Pointer)
_WRITE = ctypes.CFUNCTYPE(_Int, _Pointer, _Pointer, _Int, _Size)
_TRUNCATE = ctypes.CFUNCTYPE(_Int, _Pointer, _Size)
_SYNC = ctypes.CFUNCTYPE(_Int, _Pointer, _Int)


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", _Int),
        ("close", _Pointer), ("read", _Pointer), ("write", _Pointer), ("truncate", _Pointer), ("sync", _Pointer),
        *((f"other_{number}", _Pointer) for number in range(13)),
    )  # fmt: skip  # a struct


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", _Int), ("file_size", _Int), ("longest_path", _Int), ("next", _Pointer), ("name", ctypes.c_char_p),
        ("data", _Pointer), ("open", _Pointer),
        *((f"other_{number}", _Pointer) for number in range(14)),
    )  # fmt: skip  # a struct


@dataclass(slots=True)
class _Disk:
    """One file as the disk has it: what its unsynced writes have overwritten, oldest first, and how long it was."""

    descriptor: int
    undo: list[tuple[int, bytes, int]] = field(default_factory=list)
    synced_size: int = 0

    @property
    def size(self) -> int:
        return os.fstat(self.descriptor).st_size


@dataclass(frozen=True, slots=True)
class _File:
    """One of SQLite's handles of a file, with its own methods."""

    own: _Methods
    disk: _Disk


class Power:
    """The VFS `power`, and when it fails.

    Args:
        is_due: asked `before sync`, `after sync` and after each `write`, whether the power fails now.
        chance: decides what is lost.
        last_words: is told how many writes were kept, lost and torn, before the end.
    """

    def __init__(
        self, is_due: Callable[[str], bool], chance: Random, last_words: Callable[[dict[str, int]], None]
    ) -> None:
        self._is_due = is_due
        self._chance = chance
        self._last_words = last_words
        self._lock = threading.RLock()
        self._files: dict[int, _File] = {}
        self._disks: dict[tuple[int, int], _Disk] = {}
        self._tables: dict[int, _Methods] = {}
        self._kept: list[Any] = []

    def register(self) -> None:
        """Make the VFS known to SQLite. This object has to outlive every connection: SQLite calls what it holds."""
        library = ctypes.CDLL(_sqlite3.__file__)  # it finds the very library that Python's sqlite3 is linked with
        library.sqlite3_vfs_find.restype = _Pointer
        own = _Vfs.from_address(library.sqlite3_vfs_find(None))
        made = _Vfs.from_buffer_copy(own)
        made.name = NAME.encode()
        made.next = None
        made.open = self._callback(_OPEN, self._opened(_OPEN(own.open)))
        self._kept += [made]
        if library.sqlite3_vfs_register(ctypes.byref(made), 0) != _OK:
            raise RuntimeError("SQLite refuses the VFS")

    def _callback(self, kind: Any, function: Callable[..., int]) -> int | None:
        made = kind(function)
        self._kept.append(made)
        return ctypes.cast(made, _Pointer).value

    def _opened(self, own_open: Any) -> Callable[..., int]:
        def opened(vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
            answer = int(own_open(vfs, name, file, flags, out))
            if answer == _OK and name:
                self._wrap(file, Path(os.fsdecode(ctypes.string_at(name))))
            return answer

        return opened

    def _wrap(self, file: int, path: Path) -> None:
        """Put our methods in the place of a file's own."""
        place = _Pointer.from_address(file)
        address = int(place.value or 0)
        with self._lock:
            own = _Methods.from_address(address)
            if address not in self._tables:
                made = _Methods.from_buffer_copy(own)
                made.close = self._callback(_CLOSE, self._close)
                made.write = self._callback(_WRITE, self._write)
                made.truncate = self._callback(_TRUNCATE, self._truncate)
                made.sync = self._callback(_SYNC, self._sync)
                self._tables[address] = made
            self._files[file] = _File(own, self._disk(path))
            place.value = ctypes.addressof(self._tables[address])

    def _disk(self, path: Path) -> _Disk:
        """One for all handles of a file. It stays: closing it would drop all POSIX locks that we have on the file."""
        for gone in [one for one, disk in self._disks.items() if os.fstat(disk.descriptor).st_nlink == 0]:
            os.close(self._disks.pop(gone).descriptor)
        found = path.stat()
        identity = found.st_dev, found.st_ino
        if identity not in self._disks:
            self._disks[identity] = _Disk(os.open(path, os.O_RDWR), synced_size=found.st_size)
        return self._disks[identity]

    def _close(self, file: int) -> int:
        with self._lock:
            found = self._files.pop(file)
        return int(_CLOSE(found.own.close)(file))

    def _write(self, file: int, data: int, size: int, offset: int) -> int:
        with self._lock:
            found = self._files[file]
            before = os.pread(found.disk.descriptor, size, offset).ljust(size, b"\0")
            answer = int(_WRITE(found.own.write)(file, data, size, offset))
            found.disk.undo.append((offset, before, size))
            if self._is_due("write"):
                self._cut()
        return answer

    def _truncate(self, file: int, size: int) -> int:
        with self._lock:
            found = self._files[file]
            rest = os.pread(found.disk.descriptor, max(0, found.disk.size - size), size)
            found.disk.undo.append((size, rest, 0))
            return int(_TRUNCATE(found.own.truncate)(file, size))

    def _sync(self, file: int, flags: int) -> int:
        with self._lock:
            found = self._files[file]
            if self._is_due("before sync"):
                self._cut()
            answer = int(_SYNC(found.own.sync)(file, flags))
            found.disk.undo.clear()
            found.disk.synced_size = found.disk.size
            if self._is_due("after sync"):
                self._cut()
        return answer

    def _cut(self) -> None:
        """The end: each unsynced write, newest first, is kept, lost or torn."""
        told = {"kept": 0, "lost": 0, "torn": 0}
        for disk in self._disks.values():
            for offset, before, size in reversed(disk.undo):
                fate = self._chance.choice(("kept", "lost", "torn" if size > SECTOR else "kept"))
                told[fate] += 1
                self._undo(disk, fate, offset, before)
            self._shorten(disk)
        self._last_words(told)
        os.kill(os.getpid(), signal.SIGKILL)

    def _undo(self, disk: _Disk, fate: str, offset: int, before: bytes) -> None:
        if fate == "lost":
            os.pwrite(disk.descriptor, before, offset)
        if fate == "torn":
            for start in range(0, len(before), SECTOR):
                if self._chance.random() < 0.5:
                    os.pwrite(disk.descriptor, before[start : start + SECTOR], offset + start)

    def _shorten(self, disk: _Disk) -> None:
        """A file that grew since its last sync: its length is somewhere between the two, in whole sectors."""
        sectors = (disk.size - disk.synced_size) // SECTOR
        if sectors > 0 and self._chance.random() < 0.5:
            os.ftruncate(disk.descriptor, disk.synced_size + SECTOR * self._chance.randint(0, sectors))
