"""Look at every panel in a running Grafana: pictures for the documents, and what a person would see go wrong.

Stage: a Grafana with `provisioning/` and data -> **pictures** -> docs/images, and a list of panels that show an error
or are empty without a reason. Needs chromium. `python -m athena_dashboards.pictures --grafana http://127.0.0.1:3000`
"""

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import click

from athena_dashboards.boards import BOARDS
from athena_dashboards.grafana import dashboard_json
from athena_dashboards.model import Dashboard, Panel, Row

_WIDTH_PX = 1600
_GRID_PX = 38
"""A row of Grafana's grid: 30 pixels and a gap of 8."""
_CHROME_PX = 120
"""The drop-downs above the panels."""
_EMPTY = ("No data", "No data in response")
_SECONDS = 10
"""How long Grafana may take to say that it is there."""
_FAILED = ("panel-info-corner--error", "panel-error", "alert-error")


class NotReadyError(Exception):
    """Nothing can be looked at; the message says what is missing and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A panel that a person would ask about."""

    uid: str
    title: str
    what: str


@dataclass(slots=True)
class Seen:
    """What the page holds of one panel: its words and the classes of its elements."""

    words: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)

    @property
    def has_failed(self) -> bool:
        """Grafana marks it."""
        return any(mark in one for one in self.classes for mark in _FAILED)

    @property
    def is_empty(self) -> bool:
        """Grafana says so."""
        return any(word.strip() in _EMPTY for word in self.words)


class Page(HTMLParser):
    """Splits a page of Grafana into its panels, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.panels: dict[int, Seen] = {}
        self._present: Seen | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A panel begins where an element carries its id; the next one ends it."""
        del tag
        said = dict(attrs)
        number = said.get("data-panelid")
        if number is not None:
            self._present = self.panels.setdefault(int(number), Seen())
        if self._present is not None:
            self._present.classes.update((said.get("class") or "").split())

    def handle_data(self, data: str) -> None:
        """Words of the panel that began last."""
        if self._present is not None and data.strip():
            self._present.words.append(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A chromium without a window. `patience_ms`: of the page's own time, for its queries."""

    program: str
    patience_ms: int

    def picture(self, url: str, height_px: int, path: Path) -> None:
        """Write what is seen as PNG."""
        self._run(url, height_px, f"--screenshot={path}")

    def page(self, url: str, height_px: int) -> Page:
        """What the page holds once its queries are answered."""
        page = Page()
        page.feed(self._run(url, height_px, "--dump-dom"))
        return page

    def _run(self, url: str, height_px: int, wish: str) -> str:
        with tempfile.TemporaryDirectory(prefix="athena-pictures-") as profile:
            command = [
                self.program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={profile}", f"--window-size={_WIDTH_PX},{height_px}",
                f"--virtual-time-budget={self.patience_ms}", wish, url,
            ]  # fmt: skip  # a list of words
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  our own command
            return done.stdout


def chosen(uids: Sequence[str]) -> tuple[Dashboard, ...]:
    """The dashboards of these uids, all of them if there is none.

    Raises:
        NotReadyError: there is no such dashboard; names those that are.
    """
    known = [board.uid for board in BOARDS]
    unknown = [uid for uid in uids if uid not in known]
    if unknown:
        raise NotReadyError(f"there is no dashboard {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(board for board in BOARDS if board.uid in uids or not uids)


def make_sure_of(grafana: str) -> None:
    """Ask Grafana for its health.

    Raises:
        NotReadyError: it does not answer, or what answers is no Grafana.
    """
    mend = "start one (docker compose up), or name its address with --grafana"
    try:
        with urllib.request.urlopen(f"{grafana}/api/health", timeout=_SECONDS) as answer:  # noqa: S310  the address is ours
            health = json.load(answer)
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        raise NotReadyError(f"no Grafana at {grafana}: {why}; {mend}") from error
    if not isinstance(health, dict) or "database" not in health:
        raise NotReadyError(f"no Grafana at {grafana}: something else answers there; {mend}")


def look(browser: Browser, grafana: str, board: Dashboard, since: str, folder: Path) -> Iterator[Fault]:
    """One dashboard: its picture, then its panels, those in collapsed rows one by one."""
    url = f"{grafana}/d/{board.uid}?kiosk=tv&from={since}&to=now"
    height = _height(board)
    browser.picture(url, height, folder / f"{board.uid}.png")
    yield from _faults(board, browser.page(url, height), _open_panels(board))
    for row in board.rows:
        for panel in row.panels if row.is_collapsed else ():
            yield from _faults(board, browser.page(f"{url}&viewPanel={panel.id}", 900), (panel.id,))


def _faults(board: Dashboard, page: Page, expected: Sequence[int]) -> Iterator[Fault]:
    panels = {panel.id: panel for panel in board.panels()}
    for number in expected:
        panel, seen = panels[number], page.panels.get(number)
        title = panel.signal.title if isinstance(panel, Panel) else panel.title
        reason = panel.signal.empty_is_right if isinstance(panel, Panel) else "asks nothing"
        if seen is None:
            yield Fault(uid=board.uid, title=title, what="is not on the page")
        elif seen.has_failed:
            yield Fault(uid=board.uid, title=title, what="shows an error")
        elif seen.is_empty and not reason:
            yield Fault(uid=board.uid, title=title, what="is empty")


def _open_panels(board: Dashboard) -> tuple[int, ...]:
    return tuple(panel.id for row in board.rows if not row.is_collapsed and not row.repeat for panel in row.panels)


def _height(board: Dashboard) -> int:
    places = [panel["gridPos"] for panel in dashboard_json(board)["panels"]]
    repeated = sum(_depth(row) for row in board.rows if row.repeat and not row.is_collapsed)
    return int(_CHROME_PX + _GRID_PX * (max(place["y"] + place["h"] for place in places) + 4 * repeated))


def _depth(row: Row) -> int:
    return max(panel.height for panel in row.panels)


@click.command(context_settings={"show_default": True, "max_content_width": 118})
@click.option("--grafana", default="http://127.0.0.1:3000", help="Where Grafana answers, without a password.")
@click.option("--since", default="now-6h", help="The time range of the pictures.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/images"),
              help="Where the pictures go.")  # fmt: skip  # as short as it can be said
@click.option("--only", multiple=True, help="The uid of a dashboard; may be repeated.  [default: all]")
@click.option("--patience", default=25_000, help="Milliseconds that a page has for its queries.")
def main(grafana: str, since: str, out: Path, only: tuple[str, ...], patience: int) -> None:
    """Take a picture of every dashboard and name the panels that show an error or nothing.

    A panel may be empty if its signal says why. Exit codes: 0 all is well, 1 a panel is not, 2 there is nothing to
    look at: no chromium, no Grafana, no such dashboard.
    """
    grafana = grafana.rstrip("/")
    try:
        boards = chosen(only)
        browser = Browser(program=_chromium(), patience_ms=patience)
        make_sure_of(grafana)
    except NotReadyError as error:
        click.echo(f"pictures: {error}", err=True)
        sys.exit(2)
    out.mkdir(parents=True, exist_ok=True)
    found = 0
    for board in boards:
        faults = list(look(browser, grafana, board, since, out.resolve()))
        click.echo(f"{board.uid}: {len(board.panels())} panels, {len(faults)} to look at")
        for fault in faults:
            click.echo(f"  {fault.title}: {fault.what}")
        found += len(faults)
    sys.exit(1 if found else 0)


def _chromium() -> str:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise NotReadyError("chromium is not on the PATH (Debian: apt-get install chromium)")
    return program


if __name__ == "__main__":
    main(prog_name="python -m athena_dashboards.pictures")
