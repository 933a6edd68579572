"""A look at where the ledger is, or will be, without touching it: no file is made, no lock is kept.

Stage: the ledger's files -> **inspection** -> `athena-exporter check`.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from athena_exporter.ledger import files
from athena_exporter.ledger.errors import LedgerError


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPlace:
    """What stands at a ledger's path. `trouble` is one line with its mend, None if an exporter can work there.

    `free_bytes` is what the disk has left; `disk` its file system's type, `` where nobody tells.
    """

    path: Path
    exists: bool
    in_use: bool
    disk: str
    journal: Literal["wal", "rollback"]
    free_bytes: int | None
    trouble: str | None


def inspect(path: Path, mounts_file: Path = Path("/proc/self/mounts")) -> LedgerPlace:
    """Look at the path as the exporter would use it. Never raises for what it finds there."""
    folder = path.resolve().parent
    disk = _disk(folder, mounts_file)
    return LedgerPlace(
        path=path,
        exists=path.exists(),
        in_use=_is_locked(path.with_name(path.name + ".lock")),
        disk=disk,
        journal=files.journal_on(disk),
        free_bytes=_free(folder),
        trouble=_trouble(path, folder),
    )


def _disk(folder: Path, mounts_file: Path) -> str:
    try:
        return files.disk_type(folder, mounts_file.read_text())
    except OSError:  # not Linux
        return ""


def _free(folder: Path) -> int | None:
    try:
        left = os.statvfs(folder)
    except OSError:
        return None
    return left.f_bavail * left.f_frsize


def _is_locked(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)  # gives the lock back at once
    return False


def _trouble(path: Path, folder: Path) -> str | None:
    if path.is_dir():
        return "it is a folder; name a file in it (ledger.path)"
    if not folder.is_dir():
        return f"there is no folder {folder}; make it, or change ledger.path"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} cannot be written; make it writable, or change ledger.path"
    return _trouble_of_file(path) if path.exists() else None


def _trouble_of_file(path: Path) -> str | None:
    if not os.access(path, os.R_OK | os.W_OK):
        return "the file cannot be written; make it writable for the user that runs the exporter"
    try:
        files.open_readonly(path).close()
    except LedgerError as error:
        return str(error)
    return None
