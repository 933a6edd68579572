"""The disk of the ledger: a small one of its own where this machine lets us mount one, else a plain folder.

Mounted (Linux, root), it is a tmpfs: full is ENOSPC and read-only is EROFS, from the kernel. As a plain folder it is
full by the process's own limit on the size of files (EFBIG), and read-only by its mode, which root does not heed.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from processes import Process

_PAGE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A folder for one ledger."""

    folder: Path
    is_mounted: bool

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    @property
    def can_be_read_only(self) -> bool:
        """Whether this user would be refused."""
        return self.is_mounted or os.geteuid() != 0

    @contextmanager
    def full(self, exporter: Process) -> Iterator[None]:
        """Not one more page for this process, as long as the block lasts."""
        if not self.is_mounted:
            before = resource.prlimit(exporter.popen.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(exporter.popen.pid, resource.RLIMIT_FSIZE, (_PAGE, before[1]))
            try:
                yield
            finally:
                with suppress(ProcessLookupError):
                    resource.prlimit(exporter.popen.pid, resource.RLIMIT_FSIZE, before)
            return
        ballast = self.folder / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(_PAGE))
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """It takes no writes, as long as the block lasts; nobody may have a file of it open for writing."""
        if self.is_mounted:
            _mount("-o", "remount,ro", self.folder)
            try:
                yield
            finally:
                _mount("-o", "remount,rw", self.folder)
            return
        held = [self.folder, *self.folder.iterdir()]
        for path in held:
            path.chmod(path.stat().st_mode & ~0o222)
        try:
            yield
        finally:
            for path in held:
                path.chmod(path.stat().st_mode | 0o200)


def _mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A disk of so many megabytes at `folder`; without a limit where nothing can be mounted."""
    folder.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "chaos", folder)
    except (OSError, subprocess.CalledProcessError):  # not root, not Linux, or a container that may not
        yield Disk(folder=folder, is_mounted=False)
        return
    try:
        yield Disk(folder=folder, is_mounted=True)
    finally:
        kept = folder.with_name(folder.name + "-kept")
        shutil.copytree(folder, kept)
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
