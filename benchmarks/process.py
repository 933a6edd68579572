"""The service in a process of its own, and the way to speak to it; other scripts, and the environment they run in."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


class Service:
    """A running `service.py`; a context manager that ends it."""

    def __init__(self, ledger: Path, *arguments: str) -> None:
        script = Path(__file__).with_name("service.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(ledger), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port, self.bare_port = (int(port) for port in self._answer().split())

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def command(self, line: str) -> None:
        """Say it and wait until it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        if self._answer() != "done":
            raise RuntimeError(f"the service did not do {line!r}")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service has ended: {self._process.wait()}")
        return line.strip()

    def __enter__(self) -> Self:
        """The service: it runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends with its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=120)
        self._process.stdout.close()


AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""What somebody's environment has who reads the embedded account."""


class Script:
    """A script beside this one in a process of its own; a context manager that ends it by SIGTERM."""

    def __init__(self, name: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(name)), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **AWS_ENVIRONMENT},
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def line(self) -> str:
        """Its next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        """The script: it runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends by SIGTERM."""
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(timeout=60)
        self._process.stdout.close()
