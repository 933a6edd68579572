"""Machines around one disk, each with a clock of its own, and a time that only tests move."""

from collections.abc import Callable
from dataclasses import dataclass, field

from athena_exporter.ledger.holder import Here, Holder


def holder(token: str) -> Holder:
    return Holder(token=token, host=f"host-{token}", pid=7, boot=f"boot-{token}", namespace="pid:[1]", started="99")


@dataclass(slots=True)
class Time:
    """Seconds that pass for all machines alike. `meanwhile` happens after each pause of anybody."""

    now: float = 0.0
    meanwhile: Callable[[], None] = lambda: None
    paused: float = 0.0
    _inside: bool = field(default=False)

    def pause(self, seconds: float) -> None:
        self.paused += seconds
        self.now += seconds
        if not self._inside:
            self._inside = True
            try:
                self.meanwhile()
            finally:
                self._inside = False

    def machine(self, token: str, *, ahead: float = 0.0, dead: tuple[str, ...] = ()) -> Here:
        """A machine whose clock is so far `ahead` of the others', and that knows these tokens' processes to be dead."""
        return Here(
            me=holder(token),
            clock=lambda: self.now + ahead,
            pause=self.pause,
            is_dead=lambda other: other.token in dead,
        )
