"""One account with a company in each of two Regions, behind one address: two embedded accounts share it by Region.

`regions.py WORKGROUPS QUERIES_PER_MINUTE` prints the address and answers until SIGTERM. Both numbers are a Region's.
"""

import re
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from athena_testbed.server import Front, bind
from athena_testbed.settings import Rhythm, Settings
from athena_testbed.testbed import Testbed

REGIONS = ("eu-west-1", "eu-central-1")
HISTORY = timedelta(hours=3)
_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")


class ByRegion:
    """A WSGI application that hands each call to the Region that signed it."""

    def __init__(self, testbeds: Iterable[Testbed]) -> None:
        self._fronts = {testbed.settings.region: Front(testbed) for testbed in testbeds}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one call; one without a Region gets the first one's answer."""
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        first = self._fronts[REGIONS[0]]
        front = self._fronts.get(scope[1], first) if scope else first
        return front(environ, start_response)


def settings(region: str, workgroups: int, queries_per_minute: float) -> Settings:
    """A Region's, with a past as busy as the present."""
    return Settings(
        seed=7 + REGIONS.index(region),
        region=region,
        workgroups=workgroups,
        queries_per_minute=queries_per_minute,
        history=HISTORY,
        history_queries_per_day=queries_per_minute * 1440,
        rhythm=Rhythm.OFF,
    )


def main() -> None:
    workgroups, queries_per_minute = int(sys.argv[1]), float(sys.argv[2])
    testbeds = [Testbed(settings(region, workgroups, queries_per_minute)) for region in REGIONS]
    server = bind(testbeds[0])
    server.app = ByRegion(testbeds)
    print(f"http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
