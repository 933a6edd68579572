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


class Held:
    """An address for each wanted port: that port or the next free one, all different, and kept until it is used.

    A listening socket on each keeps others off (a second demo, say) while the parts start one after the other.
    """

    def __init__(self, *wanted: int) -> None:
        """Raises OSError if none of the next 200 ports of a wanted one is free."""
        self._sockets: dict[int, socket.socket] = {}
        try:
            self.addresses = tuple(self._hold(port, set(wanted) - {port}) for port in wanted)
        except OSError:
            self.close()
            raise

    def release(self, address: Address) -> None:
        """Let the part have it that starts now."""
        self._sockets.pop(address.port).close()

    def close(self) -> None:
        """Let go of all that nobody has used."""
        while self._sockets:
            self._sockets.popitem()[1].close()

    def _hold(self, wanted: int, reserved: set[int]) -> Address:
        for port in range(wanted, wanted + _TRIED):
            if port not in reserved and port not in self._sockets and self._take(port):
                return Address(port=port, wanted=wanted)
        raise OSError(f"no free port from {wanted} to {wanted + _TRIED - 1} on {LOOPBACK}")

    def _take(self, port: int) -> bool:
        """Hold the port; False if it is not to be had."""
        holder = socket.socket()
        # As servers do: connections that a server before left behind are no obstacle, a listening one is.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((LOOPBACK, port))
            holder.listen()
        except OSError:
            holder.close()
            return False
        self._sockets[port] = holder
        return True
