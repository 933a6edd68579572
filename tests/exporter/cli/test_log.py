"""Why these tests exist: what AWS, a query or a file name says must never begin a log line of its own."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest

from athena_exporter.cli.log import LogFormat, LogLevel, configure

HOSTILE = [
    'plain words with "quotes" and a=b',
    "one\nlevel=error msg=forged",
    "carriage\rreturn",
    "ends with a line\n",
    "\x1b[2Jwiped",
    "\u2028separated\u2029 lines\x85",
    "back\\slash",
    "half\ud800pair",
    "",
]


Spoken = Callable[[], str]


@pytest.fixture
def errors(capsys: pytest.CaptureFixture[str]) -> Iterator[Spoken]:
    """What was written to standard error; the logging of the test run itself is put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = before
    root.setLevel(level)


def say(text: str, level: int = logging.WARNING) -> None:
    logging.getLogger("athena_exporter.test").log(level, "%s", text)


@pytest.mark.parametrize("form", list(LogFormat))
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_on_its_line(errors: Spoken, form: LogFormat, text: str) -> None:
    configure(LogLevel.INFO, form)
    say(text)
    line = errors()
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert "\x1b" not in line


def test_a_logfmt_line_has_time_level_logger_and_message(errors: Spoken) -> None:
    configure(LogLevel.INFO, LogFormat.LOGFMT)
    say("it is so")
    say("plain")
    first, second = errors().splitlines()
    time, rest = first.split(" ", 1)
    assert time.startswith("ts=20")
    assert time.endswith("+00:00")
    assert rest == 'level=warning logger=athena_exporter.test msg="it is so"'
    assert second.endswith("msg=plain")


def test_a_forged_field_is_part_of_the_message(errors: Spoken) -> None:
    configure(LogLevel.INFO, LogFormat.LOGFMT)
    say("x level=error")
    assert errors().endswith('msg="x level=error"\n')


@pytest.mark.parametrize("text", HOSTILE)
def test_a_json_line_gives_the_text_back(errors: Spoken, text: str) -> None:
    configure(LogLevel.INFO, LogFormat.JSON)
    say(text)
    assert json.loads(errors())["msg"] == text


@pytest.mark.parametrize("form", list(LogFormat))
def test_a_traceback_is_one_field_of_the_line(errors: Spoken, form: LogFormat) -> None:
    configure(LogLevel.INFO, form)
    logging.getLogger("athena_exporter.test").error("a bug", exc_info=ZeroDivisionError("over\nzero"))
    (line,) = errors().splitlines()
    assert "ZeroDivisionError" in line


def test_what_is_below_the_level_is_not_said(errors: Spoken) -> None:
    configure(LogLevel.WARNING, LogFormat.LOGFMT)
    say("quiet", logging.INFO)
    assert errors() == ""


def test_awss_libraries_speak_only_of_warnings_even_while_we_debug(errors: Spoken) -> None:
    configure(LogLevel.DEBUG, LogFormat.LOGFMT)
    say("ours", logging.DEBUG)
    logging.getLogger("botocore.endpoint").debug("an authorization header, say")
    logging.getLogger("urllib3").warning("theirs")
    assert [line.rsplit("=", 1)[1] for line in errors().splitlines()] == ["ours", "theirs"]
