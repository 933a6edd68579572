"""Log lines as Prometheus's own programs write them: logfmt, or JSON for machines. Hostile text stays on its line."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum

_PLAIN = re.compile(r"[\w./:@+,\[\]-]+", re.ASCII)


class LogFormat(StrEnum):
    """The two forms."""

    LOGFMT = "logfmt"
    JSON = "json"


class LogLevel(StrEnum):
    """From the most to the least talkative."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class _Formatter(logging.Formatter):
    def __init__(self, form: LogFormat) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "ts": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if self._form is LogFormat.JSON:
            return json.dumps(fields)
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def _quoted(value: str) -> str:
    """JSON's quoting keeps control characters from starting a line of their own or moving a cursor."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value)


def configure(level: LogLevel, form: LogFormat) -> None:
    """Send everything from `level` on to standard error; AWS's libraries speak only of warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.value.upper())
    for library in ("botocore", "boto3", "urllib3"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # Its warning of a role that cannot be assumed is a traceback; whoever needs the credentials says it in a line.
    logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
