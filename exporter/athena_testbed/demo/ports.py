"""Which ports of loopback the demo takes."""

import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
_TRIED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a part listens; `wanted` is the port it would have had, if that was free."""

    port: int
    wanted: int

    @property
    def netloc(self) -> str:
        """`127.0.0.1:9989`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:9989`."""
        return f"http://{self.netloc}"

    @property
    def note(self) -> str:
        """A remark for people, empty if nothing is remarkable."""
        return "" if self.port == self.wanted else f"(port {self.wanted} was taken)"


def choose(*wanted: int) -> tuple[Address, ...]:
    """An address for each wanted port: that port or the next free one, all different.

    Raises:
        OSError: if none of the next 200 ports is free.
    """
    chosen: list[Address] = []
    for port in wanted:
        reserved = {address.port for address in chosen} | (set(wanted) - {port})
        chosen.append(Address(port=_next_free(port, reserved), wanted=port))
    return tuple(chosen)


def _next_free(wanted: int, reserved: set[int]) -> int:
    for port in range(wanted, wanted + _TRIED):
        if port not in reserved and _is_free(port):
            return port
    raise OSError(f"no free port from {wanted} to {wanted + _TRIED - 1} on {LOOPBACK}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections that a server before left behind are no obstacle, a listening one is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
