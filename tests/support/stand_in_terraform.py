"""What is started as `terraform` where a test needs one that waits: tells what it was given, and ends when told.

Writes each call as a line of JSON into the file that STAND_IN_LOG names. `apply` waits for an interrupt if it is told
`wait`, and then ends in order, as terraform does.
"""

import json
import os
import signal
import sys
from pathlib import Path

_OUTPUTS = {
    "contact_points": {"value": {"athena-page": "athena-page", "athena-ticket": "athena-page"}},
    "data_source_uids": {"value": ["prometheus"]},
}


def _tell(what: str) -> None:
    given = {name: os.environ[name] for name in ("GRAFANA_URL", "GRAFANA_AUTH")}
    with Path(os.environ["STAND_IN_LOG"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps({"what": what, "arguments": sys.argv[1:], **given}) + "\n")


def main() -> int:
    """One call; the exit code."""
    if "wait" in sys.argv:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            _tell("waits")
            signal.pause()
        except KeyboardInterrupt:
            _tell("interrupted")
            return 1
    _tell("called")
    if "output" in sys.argv:
        sys.stdout.write(json.dumps(_OUTPUTS))
    return 3 if "fail" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
