"""The HTTP side: ready bytes in, answers out. A scrape waits for nobody's rendering and never calls AWS.

Stage: metrics, page -> **server** -> Prometheus, people. `application` chooses the answer, `access` stands before
it, `listener` holds the sockets and threads, `arrivals` takes requests in without waiting, `turns` gives them to
threads, `secured` is TLS, `address` where to listen, `scrapers` knows when they come again.
"""

from athena_exporter.outlets.server.address import Address, AddressError, parse_address
from athena_exporter.outlets.server.application import METRICS_TYPE, Exposition, Page, accepts_gzip, application
from athena_exporter.outlets.server.listener import SWITCH_AFTER, Crowd, Limits, Server, serve
from athena_exporter.outlets.server.scrapers import Scrapers

__all__ = [
    "METRICS_TYPE",
    "SWITCH_AFTER",
    "Address",
    "AddressError",
    "Crowd",
    "Exposition",
    "Limits",
    "Page",
    "Scrapers",
    "Server",
    "accepts_gzip",
    "application",
    "parse_address",
    "serve",
]
