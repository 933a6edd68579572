"""What the numbers were measured on."""

import os
import platform
import sqlite3
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from athena_exporter.ledger.files import disk_type

ROOT = Path(__file__).resolve().parents[1]
_SYNCS = 50


def facts(folder: Path) -> list[tuple[str, str]]:
    """Processor, memory, disk and versions, as a reader has to know them."""
    return [
        ("Date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("Command", "`make bench`"),
        ("Commit", _commit()),
        ("Processor", f"{_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores"),
        ("Memory", f"{int(_first('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GB"),
        ("Disk", f"{disk_type(folder, Path('/proc/self/mounts').read_text())}, fsync {_fsync_ms(folder):.2f} ms"),
        ("System", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("SQLite", sqlite3.sqlite_version),
        ("prometheus_client", version("prometheus-client")),
        ("Load average at the start", f"{os.getloadavg()[0]:.1f}"),
    ]


def _first(path: str, name: str) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _commit() -> str:
    said = [_git("rev-parse", "--short", "HEAD"), "with changes" if _git("status", "--porcelain", "exporter") else ""]
    return " ".join(said).strip() or "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _fsync_ms(folder: Path) -> float:
    """What a durable commit costs at least: the mean of a page written and synced, again and again."""
    path = folder / "fsync"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    began = time.perf_counter()
    for _ in range(_SYNCS):
        os.pwrite(descriptor, bytes(4096), 0)
        os.fsync(descriptor)
    ended = time.perf_counter()
    os.close(descriptor)
    path.unlink()
    return (ended - began) / _SYNCS * 1000
