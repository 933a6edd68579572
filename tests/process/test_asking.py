"""Why this test exists: Athena bills a question to its end, even when the person who asked has long gone."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from processes import until
from whole_exporter import CREDENTIALS, account, configured, state_of

WORKGROUP = "monitoring"


def _heard(terminal: int, so_far: bytearray) -> str:
    while select.select([terminal], [], [], 0)[0]:
        with contextlib.suppress(OSError):  # the other end is closed once the program has ended
            found = os.read(terminal, 65_536)
            so_far += found
            if found:
                continue
        break
    return so_far.decode()


@pytest.fixture
def _heeded() -> Iterator[None]:
    """A shell's background job ignores Ctrl-C, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.process
@pytest.mark.usefixtures("_heeded")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "SIGTERM"])
def test_ctrl_c_and_sigterm_stop_the_question_and_a_terminal_sees_how_far_it_is(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    output = tmp_path / "answer.txt"
    with account(runs_sql=True, sql_takes=timedelta(hours=1)) as running:
        config = configured(tmp_path, running, f"asking: {{workgroup: {WORKGROUP}, database: sales}}")
        command = [
            sys.executable, "-m", "athena_exporter", "report", "usage_by_day", "--on", "athena",
            "--config", str(config), "--output", str(output),
        ]  # fmt: skip  # a command
        mine, theirs = pty.openpty()
        try:
            with subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, **CREDENTIALS, "TERM": "xterm"}
            ) as asking:
                told = bytearray()
                until(lambda: "usage_by_day: running, " in _heard(mine, told), what=lambda: f"progress: {told!r}")
                asking.send_signal(number)
                try:
                    assert asking.wait(60) == code, told
                finally:
                    asking.kill()
                words = _heard(mine, told)
        finally:
            os.close(mine)
            os.close(theirs)
        told_of = re.search(r"interrupted; Athena was told to stop it, query ([0-9a-f-]+)", words)
        assert told_of is not None, words
        assert state_of(running, told_of[1]) == "CANCELLED"
    assert not output.exists()
