"""Where to listen: `host:port` as people write it.

Stage: command line -> **address** -> listener.
"""

from dataclasses import dataclass


class AddressError(Exception):
    """The server can't listen where it was told to; the message is one line with the address and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen. An empty host is every address of the machine; port 0 is any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        """As in `--web.listen-address`; IPv6 addresses in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Reads `host:port`, `:port` or `[ipv6]:port`.

    Raises:
        AddressError: it is none of these, or the port is not in 0 ... 65535.
    """
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    well_formed = colon and port.isascii() and port.isdigit() and (bracketed or ":" not in host)
    if not well_formed or int(port) > 65535:  # noqa: PLR2004  # the highest port there is
        raise AddressError(f"{text!r} is not an address to listen on: write host:port, :9989 or [::1]:9989")
    return Address(host=host[1:-1] if bracketed else host, port=int(port))
