"""One process of the demo: started, watched, ended by its own process id, its words kept in a file."""

import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

_PATIENCE_S = 10.0
_LAST_LINES = 15


class ChildEndedError(Exception):
    """A part of the demo ended by itself; the message says how, and quotes its last words."""


class Child:
    """A running process. It has a session of its own, so that a Ctrl-C meant for the demo doesn't reach it first."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        """Start it; `log` takes all it writes."""
        self.name = name
        self._log = log
        with log.open("wb") as words:
            self._process = subprocess.Popen(  # noqa: S603  the commands are parts.py's, nothing comes from outside
                command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise ChildEndedError if it is no longer running."""
        code = self._process.poll()
        if code is not None:
            how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
            raise ChildEndedError("\n".join([f"{self.name} ended {how}; its last lines:", *self._last_lines()]))

    def _last_lines(self) -> list[str]:
        with self._log.open(encoding="utf-8", errors="replace") as lines:
            return [f"  {line.rstrip()}" for line in deque(lines, maxlen=_LAST_LINES)] or ["  (it wrote nothing)"]

    def ask_to_end(self) -> None:
        """Send SIGTERM, if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Wait for its end; after ten seconds it is killed."""
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
