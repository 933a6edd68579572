"""How the harness speaks to a living exporter: one small file of orders, and one of what came of them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Where to die, at which passage from now on, how long to hang there before, and how wrong the clock is."""

    number: int = 0
    point: str = NEVER
    count: int = 1
    hang_seconds: float = 0.0
    clock_seconds: float = 0.0

    def give(self, path: Path) -> None:
        """Write them, whole or not at all."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(path)


class Orderly:
    """The exporter's side. Safe to ask often and from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = (0, 0)
        self._orders = Orders()
        self._left = 0
        self._told_clock = 0.0

    def is_due(self, point: str) -> bool:
        """Whether this passage of `point` is the one to die at."""
        orders = self._read()
        if point != orders.point:
            return False
        self._left -= 1
        return self._left == 0

    @property
    def hang_seconds(self) -> float:
        return self._orders.hang_seconds

    def clock_seconds(self) -> float:
        """How far the machine's clock is off; that it was looked at is told once."""
        seconds = self._read().clock_seconds
        if seconds != self._told_clock:
            self._told_clock = seconds
            self.tell(clock=seconds)
        return seconds

    def tell(self, **words: Any) -> None:
        """Append a line to what came of the orders."""
        with heard_path(self._path).open("a") as told:
            told.write(json.dumps(words) + "\n")

    def _read(self) -> Orders:
        found = self._path.stat()
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            said = Orders(**json.loads(self._path.read_text()))
            if said.number != self._orders.number:
                self._left = said.count
            self._stamp, self._orders = stamp, said
        return self._orders


def heard_path(orders: Path) -> Path:
    """Where exporters tell what came of their orders."""
    return orders.with_suffix(".heard")


def heard(orders: Path) -> list[dict[str, Any]]:
    """What they have told, oldest first."""
    path = heard_path(orders)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
