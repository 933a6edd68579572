"""The demo from its first process to the end of its last.

Stage: `__main__` -> **run** -> parts, child, figures, screen, comparison. Whatever ends it, no process and no file
stays behind.
"""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from urllib.parse import quote

from rich.console import Console, Group
from rich.live import Live

from athena_testbed.demo import comparison, parts, ports, screen, story
from athena_testbed.demo.child import Child, ChildEndedError
from athena_testbed.demo.figures import Figures, read
from athena_testbed.demo.http import NoAnswerError, ask
from athena_testbed.demo.parts import Guard
from athena_testbed.demo.runaway import Runaway
from athena_testbed.demo.story import Story

_START_S = 120.0
_REFRESH_S = 1.0
_REPEAT_S = 10.0
_SETTLE_S = 120.0
_ENDING_S = 15.0
"""What settling takes, about; the demo's time includes it, or a third of it if that is less."""
_STEP_S = 0.1
_LOOK_S = 0.5
_LAST_WORDS_S = 2.0
_PAPER_WIDTH = 120
"""Characters a line where the output is no terminal."""

_MEMORY = Path("/dev/shm")  # noqa: S108  the folder of this run inside it is made with a name nobody can guess
_ROOM_BYTES = 50 * 2**20

EXPRESSIONS = {
    "who scans most (5 min)": "topk(10, sum by (user) (increase(athena_user_scanned_bytes_total[5m])))",
    "dollars an hour": "sum by (workgroup) (rate(athena_cost_usd_total[1m])) * 3600",
    "queries by state": "sum by (state) (rate(athena_queries_total[1m])) * 60",
}
"""What to look at in Prometheus."""


class SlowStartError(Exception):
    """A part did not get ready; the message says which, and what it last answered."""


class Signals:
    """Counts the wishes to end: SIGINT, SIGTERM, SIGHUP."""

    def __init__(self) -> None:
        self.count = 0

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame  # python hands them to every handler
        self.count += 1

    @contextmanager
    def listening(self) -> Iterator["Signals"]:
        """Count while the block runs, then let the signals do what they did before."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._note) for number in numbers}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the demo takes from its surroundings."""

    console: Console
    signals: Signals
    environment: Mapping[str, str]
    now: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person may choose. `limit`: how long after the addresses are printed it ends by itself, None for never."""

    limit: timedelta | None = None
    guard: Guard = Guard.DRY_RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the demo writes: the ledger has its own, in memory where there is such a disk.

    The ledger waits for the disk at each commit, as it must; the demo's need not outlive a power cut, and a busy disk
    would be all that a person sees of it.
    """

    files: Path
    ledger: Path


class Demo:
    """One demo in one folder."""

    def __init__(self, world: World, folders: Folders, wishes: Wishes) -> None:
        """Nothing starts before `run`. Raises OSError if no port is free."""
        self._console = world.console
        self._world = world
        self._folder = folders.files
        self._ledger = folders.ledger / "ledger.db"
        self._wishes = wishes
        self._prometheus = shutil.which("prometheus", path=world.environment.get("PATH"))
        self._held = ports.Held(9989, 9988, 9090)
        exporter, testbed, prometheus = self._held.addresses
        self._at = parts.Addresses(exporter=exporter, testbed=testbed, prometheus=prometheus)
        self._children: list[Child] = []
        self._runaway = Runaway()
        self._story = Story(
            tuple(
                story.steps(
                    exporter=exporter,
                    testbed=testbed,
                    prometheus=None if self._prometheus is None else prometheus,
                    stops=wishes.guard is Guard.ENFORCE,
                )
            )
        )

    def run(self) -> None:
        """Start, show, compare, end. Raises ChildEndedError, SlowStartError."""
        try:
            if self._begin():
                self._introduce()
                self._watch()
                self._conclude()
        except NoAnswerError:
            # Whoever ended is a better explanation than the silence that follows.
            self._rest(_LAST_WORDS_S)
            raise
        finally:
            self._end()

    # -- beginning ------------------------------------------------------------------------------------------------

    def _begin(self) -> bool:
        """Start every part and wait until it is of use; False if somebody has enough before that."""
        self._console.print("Starting the account, the exporter and, if it is there, Prometheus ...", soft_wrap=True)
        self._start("testbed", parts.testbed_command(self._at.testbed, self._world.now()))
        if not self._until("testbed", lambda: ask(self._at.testbed, "/_testbed/status")):
            return False
        self._start("exporter", parts.exporter_command(self._folder, self._ledger, self._at, self._wishes.guard))
        if self._prometheus is not None:
            self._start("prometheus", parts.prometheus_command(self._prometheus, self._folder, self._at))
        return self._until("exporter", self._exporter_ready) and self._until("prometheus", self._prometheus_ready)

    def _start(self, name: str, command: list[str]) -> None:
        self._held.release(getattr(self._at, name))
        environment = parts.environment(self._world.environment)
        self._children.append(Child(name, command, log=self._folder / f"{name}.log", environment=environment))

    def _exporter_ready(self) -> None:
        """Committed totals are served, and the account is known."""
        ask(self._at.exporter, "/-/ready")
        if self._figures().counting_since is None:
            raise NoAnswerError("the exporter has not reached the account yet")

    def _prometheus_ready(self) -> None:
        """It has scraped the exporter once."""
        if self._prometheus is None:
            return
        answer = json.loads(ask(self._at.prometheus, f"/api/v1/query?query=up%7Bjob%3D%22{parts.JOB}%22%7D"))
        if [one["value"][1] for one in answer["data"]["result"]] != ["1"]:
            raise NoAnswerError("Prometheus has not scraped the exporter yet")

    def _until(self, name: str, attempt: Callable[[], object]) -> bool:
        """Try until it works; False if a signal came first."""
        deadline = self._world.monotonic() + _START_S
        while not self._world.signals.count:
            try:
                attempt()
            except NoAnswerError as error:
                if self._world.monotonic() > deadline:
                    raise SlowStartError(f"{name} was not ready within {_START_S:.0f} s: {error}") from error
                self._pause()
            else:
                return True
        return False

    def _pause(self) -> None:
        time.sleep(_STEP_S)
        for child in self._children:
            child.check()

    def _rest(self, seconds: float) -> None:
        end = self._world.monotonic() + seconds
        while self._world.monotonic() < end:
            self._pause()

    def _introduce(self) -> None:
        company = parts.company_words(json.loads(ask(self._at.testbed, "/_testbed/company")))
        for line in (*_introduction(company), *self._address_lines(), "", *self._hints(), ""):
            self._console.print(line, soft_wrap=True, markup=False, highlight=False)

    def _address_lines(self) -> Iterator[str]:
        at = self._at
        yield f"  exporter     {at.exporter.url}   {at.exporter.note}".rstrip()
        yield f"  account      {at.testbed.url}   {at.testbed.note}".rstrip()
        if self._prometheus is None:
            yield "  Prometheus   not on the PATH (Debian: apt install prometheus); everything else works without it"
        else:
            yield f"  Prometheus   {at.prometheus.url}   {at.prometheus.note}".rstrip()

    def _hints(self) -> Iterator[str]:
        report = f"{parts.exporter_program()} report users --ledger {self._ledger}"
        yield "Look at:"
        yield f"  curl -s {self._at.exporter.url}/metrics | grep '^athena_user_window_cost_usd'"
        yield f"  curl -s {self._at.testbed.url}/_testbed/truth"
        yield f"  curl -s '{self._at.testbed.url}/_testbed/logs?group=/athena-observability/table-access&limit=5'"
        yield f"  {report}"
        yield f"  {report.replace(' users ', ' tables ')}"
        if self._prometheus is not None:
            for name, expression in EXPRESSIONS.items():
                graph = f"/graph?g0.tab=0&g0.range_input=5m&g0.expr={quote(expression, safe='')}"
                yield f"  {name}: {self._at.prometheus.url}{graph}"

    # -- showing --------------------------------------------------------------------------------------------------

    def _figures(self) -> Figures:
        return read(ask(self._at.exporter, "/metrics").decode())

    def _watch(self) -> None:
        began = self._world.monotonic()
        if self._console.is_terminal:
            with Live(console=self._console, auto_refresh=False, transient=True) as live:
                self._each(_REFRESH_S, began, lambda shown: live.update(shown, refresh=True))
        else:
            self._each(_REPEAT_S, began, self._console.print)

    def _each(self, interval: float, began: float, show: Callable[[Group], object]) -> None:
        """Show a summary now and then until the time is over or a signal comes."""
        end = began + _showing_s(self._wishes.limit)
        due = look = began
        while (now := self._world.monotonic()) < end and not self._world.signals.count:
            if now >= look:
                look = now + _LOOK_S
                self._go_on(timedelta(seconds=now - began))
            if now >= due:
                due = now + interval
                show(self._summary(f"After {now - began:.0f} s", self._figures()))
            self._pause()

    def _go_on(self, elapsed: timedelta) -> None:
        """The runaway starts what is due, and whatever becomes of it is said at once."""
        queries = self._runaway.due(elapsed, self._world.now())
        if queries:
            ask(self._at.testbed, "/_testbed/queries", method="POST", body=json.dumps(queries).encode())
        for seen in self._story.look(self._world.now()):
            self._console.print(screen.seen(seen), soft_wrap=True)
            if seen.name == story.STOP:
                self._runaway.give_up()

    def _summary(self, title: str, figures: Figures) -> Group:
        width, height = self._console.size
        rows = screen.rows_that_fit(width, height) if self._console.is_terminal else 10
        return screen.summary(figures, title=title, rows=rows)

    # -- ending ---------------------------------------------------------------------------------------------------

    def _conclude(self) -> None:
        """The last summary, and the comparison once nothing moves any more."""
        self._console.print("Ending: no new queries, and what runs is counted (Ctrl-C: at once) ...", soft_wrap=True)
        quiet = json.loads(ask(self._at.testbed, "/_testbed/quiesce", method="POST"))
        over = datetime.fromisoformat(quiet["last_completion"] or quiet["quiesced_at"])
        self._settle(over)
        figures = self._figures()
        self._console.print(self._summary("At the end", figures))
        if self._story.seen:
            self._console.print(screen.story(self._story))
        self._console.print(comparison.words(self._compared(figures)))

    def _settle(self, over: datetime) -> None:
        """Wait until everything that ended until `over` shows on the page, but no longer than somebody wants to."""
        wishes = self._world.signals.count
        deadline = self._world.monotonic() + _SETTLE_S
        while self._world.signals.count == wishes and self._world.monotonic() < deadline:
            if self._is_settled(over):
                return
            self._rest(_LOOK_S)
        early = "Ended before all was counted and shown (a new series shows 0 for 5 s); what is missing stands below."
        self._console.print(early, soft_wrap=True)

    def _is_settled(self, over: datetime) -> bool:
        figures = self._figures()
        complete = figures.complete_until is not None and figures.complete_until > over
        return complete and self._compared(figures).is_equal

    def _compared(self, figures: Figures) -> comparison.Comparison:
        since = figures.counting_since or self._world.now()
        events = comparison.Events(
            queries=self._distinct("queries", "query_id"), accesses=self._distinct("table-access", "access_id")
        )
        return comparison.compare(figures, ask(self._at.testbed, comparison.truth_path(since)), events)

    def _distinct(self, group: str, field: str) -> int:
        """Different values of a field in a log group; none while the group does not exist."""
        try:
            path = f"/_testbed/logs?group=/athena-observability/{group}&distinct={field}&limit=0"
            return int(json.loads(ask(self._at.testbed, path))["distinct"])
        except NoAnswerError:
            return 0

    def _end(self) -> None:
        for child in reversed(self._children):
            child.ask_to_end()
        for child in self._children:
            child.wait()
        self._held.close()


def _showing_s(limit: timedelta | None) -> float:
    """How long to show summaries so that the demo, settling included, ends about when its time is over."""
    if limit is None:
        return float("inf")
    return limit.total_seconds() - min(_ENDING_S, limit.total_seconds() / 3)


def _introduction(company: str) -> tuple[str, ...]:
    return (
        "",
        f"Athena Observability reads a simulated AWS account: {company}.",
        "CloudTrail is seconds late here, where the real one takes minutes. Ctrl-C ends everything.",
        "",
    )


@contextmanager
def _folders() -> Iterator[Folders]:
    """New folders that are removed at the end."""
    with TemporaryDirectory(prefix="athena-demo-") as files:
        if not _has_room(_MEMORY):
            yield Folders(files=Path(files), ledger=Path(files))
            return
        with TemporaryDirectory(prefix="athena-demo-", dir=_MEMORY) as memory:
            yield Folders(files=Path(files), ledger=Path(memory))


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _ROOM_BYTES


def demo(environment: Mapping[str, str], wishes: Wishes) -> int:
    """Run the demo on standard output; the exit code: 0, or 1 if a part failed."""
    console = Console() if Console().is_terminal else Console(width=_PAPER_WIDTH)
    with Signals().listening() as signals, _folders() as folders:
        try:
            world = World(console=console, signals=signals, environment=environment)
            Demo(world, folders, wishes).run()
        except (ChildEndedError, SlowStartError, NoAnswerError, OSError) as error:
            Console(stderr=True).print(f"demo: {error}", soft_wrap=True, markup=False, highlight=False)
            return 1
    return 0
