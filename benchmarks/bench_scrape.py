"""How long a scrape of 50,000 series takes while the exporter works, beside bare `generate_latest`."""

import http.client
import random
import statistics
import sys
import time
from dataclasses import dataclass, field

from known import IDS, prefilled
from measure import percentile, say, table, verdict, workplace
from process import Service

ROUNDS = 30
BAR_MS = 50
_LOADS = {
    "idle": "publishing only",
    "million": "a million queries a day",
    "rush": "batches of 500 back to back",
}


@dataclass(slots=True)
class Side:
    """One server and encoding, and how long its scrapes took."""

    name: str
    port: int
    gzip: bool
    times_a_round: int
    seconds: list[float] = field(default_factory=list)
    bytes: int = 0

    def scrape(self, connection: http.client.HTTPConnection) -> None:
        """One scrape, from the request to the last byte, on a connection that is kept where the server keeps it."""
        headers = {"Accept-Encoding": "gzip" if self.gzip else "identity"}
        began = time.perf_counter()
        connection.request("GET", "/metrics", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        self.seconds.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"{self.name}: HTTP {answer.status}")
        self.bytes = len(body)


def main() -> None:
    folder = workplace(sys.argv)
    say("scrape: preparing the ledger")
    path = prefilled(folder, "scrape")
    rows: list[list[str]] = []
    with Service(path, "bare") as service:
        for load, words in _LOADS.items():
            say(f"scrape: {words}")
            service.command(load)
            rows += [[words, *_row(side)] for side in _measured(service)]
        service.command("idle")
    header = ["Exporter's load", "Server", "encoding", "MB", "scrapes", "p50 ms", "p99 ms", f"p99 < {BAR_MS} ms"]
    print(_text(table(header, rows)))


def _measured(service: Service) -> list[Side]:
    """Both servers in turn, at random distances, so that every moment between two publications is met."""
    chance = random.Random(3)
    sides = [
        Side("this exporter", service.port, gzip=False, times_a_round=10),
        Side("this exporter", service.port, gzip=True, times_a_round=10),
        Side("generate_latest in the request", service.bare_port, gzip=False, times_a_round=1),
        Side("generate_latest in the request", service.bare_port, gzip=True, times_a_round=1),
    ]
    for _ in range(ROUNDS):
        for side in sides:
            connection = http.client.HTTPConnection("127.0.0.1", side.port, timeout=60)
            for _ in range(side.times_a_round):
                time.sleep(chance.uniform(0, 0.1))
                side.scrape(connection)
            connection.close()
    return sides


def _row(side: Side) -> list[str]:
    p50, p99 = statistics.median(side.seconds) * 1000, percentile(side.seconds, 99) * 1000
    encoding = "gzip" if side.gzip else "plain"
    size = f"{side.bytes / 1e6:.1f}"
    return [side.name, encoding, size, str(len(side.seconds)), f"{p50:.1f}", f"{p99:.1f}", verdict(met=p99 < BAR_MS)]


def _text(results: str) -> str:
    return f"""\
## Scraping

Over HTTP on loopback, from another process, while the exporter publishes 50,000 series each second from a ledger
with {IDS:,} known ids and counts queries at three loads. The other side is prometheus_client's own application
and server in the same process, with the same samples, its families built beforehand: it pays for rendering alone.
p99 of fewer than 100 scrapes is the worst of them.

{results}
"""


if __name__ == "__main__":
    main()
