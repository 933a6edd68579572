"""How much memory the exporter holds while it counts a million queries of one day."""

import http.client
import sys
import threading

from measure import memory, say, table, verdict, workplace
from process import Service

QUERIES = 1_000_000
STEPS = 4
BAR_MB = 256
FLAT_MB = 16


def main() -> None:
    path = workplace(sys.argv) / "memory.db"
    with Service(path) as service:
        measured = [("0", *memory(service.pid))]
        for step in range(1, STEPS + 1):
            say(f"memory: until {QUERIES // STEPS * step:,} queries")
            _under_scrapes(service, f"apply {QUERIES // STEPS}")
            measured.append((f"{QUERIES // STEPS * step:,}", *memory(service.pid)))
    print(_text(measured))


def _under_scrapes(service: Service, command: str) -> None:
    """Scrape each second, as a Prometheus in a hurry would, until the command is done."""
    worker = threading.Thread(target=service.command, args=(command,))
    worker.start()
    while worker.is_alive():
        worker.join(1.0)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        connection.getresponse().read()
        connection.close()


def _text(measured: list[tuple[str, float, float]]) -> str:
    rows = [[queries, f"{now:.0f}", f"{peak:.0f}"] for queries, now, peak in measured]
    highest, growth = measured[-1][2], measured[-1][2] - measured[1][2]
    bars = (("Peak", highest, BAR_MB), ("Growth of the peak after the first quarter", growth, FLAT_MB))
    judged = [[what, f"{value:.0f} MB", f"< {bar} MB", verdict(met=value < bar)] for what, value, bar in bars]
    return f"""\
## Memory

The whole process: AWS clients, the SQL parser, the ledger, the server; 50,000 series published and scraped each second
while {QUERIES:,} queries of one day (executions and starts) are counted, with a pruning every hour of that day.
MB are 2^20 bytes.

{table(["Queries counted", "resident MB", "peak MB"], rows)}

{table(["What", "measured", "bar", "met"], judged)}
"""


if __name__ == "__main__":
    main()
