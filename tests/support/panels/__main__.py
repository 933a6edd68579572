"""`make panels`: board -> panel -> query -> how many series it has, or why it has none.

Exit codes: 0 every query answers as it should, 1 one failed or is empty without a reason, 2 a program is missing.
"""

import shutil
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from athena_dashboards.boards import BOARDS
from panels.asking import Asked, Board, DataSources, rules
from panels.world import FOR_PICTURES, REGION, Plan, World, world


@click.command()
@click.option("--board", "uids", multiple=True, help="Only these dashboards, by their uid: athena-users.")
@click.option("--only-bad", is_flag=True, help="Say nothing of what is right.")
@click.option("--keep", is_flag=True, help="Ask nothing: keep the company at work for a Grafana, until Ctrl-C.")
@click.option("--text", "with_text", is_flag=True, help="The queries as they were asked.")
def main(uids: tuple[str, ...], only_bad: bool, keep: bool, with_text: bool) -> None:  # noqa: FBT001  click hands flags over so
    """Ask every query of every dashboard and alert rule in a simulated company with a month behind it."""
    found = {name: shutil.which(name) for name in ("prometheus", "promtool")}
    for name, path in found.items():
        if path is None:
            click.echo(f"panels: {name} is not on the PATH (Debian: apt-get install prometheus)", err=True)
            sys.exit(2)
    click.echo(f"Living through a month, which takes {'some minutes' if keep else 'a minute'} ...")
    plan = FOR_PICTURES if keep else Plan()
    with (
        TemporaryDirectory(prefix="athena-panels-") as folder,
        world(Path(folder), str(found["prometheus"]), str(found["promtool"]), plan, is_quiet=not keep) as made,
    ):
        if keep:
            _keep(made)
        bad = 0 if keep else _report(_everything(made, uids), only_bad=only_bad, with_text=with_text)
    sys.exit(1 if bad else 0)


def _keep(made: World) -> None:
    """Say where everything listens, and wait for Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    pace = round(made.plan.fine.total_seconds())
    click.echo(f"  Prometheus  {made.prometheus.url}   (scrape interval of the data source: {pace}s)")
    click.echo(f"  CloudWatch  {made.account.url}   (endpoint of the data source, Region {REGION}, any keys)")
    click.echo(f"  exporter    {made.exporter}")
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _everything(made: World, uids: tuple[str, ...]) -> Iterator[Asked]:
    sources = DataSources(made)
    try:
        for one in BOARDS:
            if one.uid in uids or not uids:
                board = Board(one, sources)
                yield from board.variables()
                yield from board.answers()
        if not uids:
            yield from rules(sources)
    finally:
        sources.close()


def _report(asked: Iterable[Asked], *, only_bad: bool, with_text: bool) -> int:
    """Print it; how many are bad."""
    total = bad = 0
    for board, of_board in groupby(asked, key=lambda one: one.board):
        click.echo(board)
        for panel, of_panel in groupby(of_board, key=lambda one: one.panel):
            lines = list(of_panel)
            total, bad = total + len(lines), bad + sum(one.is_bad for one in lines)
            shown = [one for one in lines if one.is_bad or not only_bad]
            if shown:
                click.echo(f"  {panel}")
            for one in shown:
                click.echo(f"    {one.query:<10} {_words(one)}")
                if one.is_bad or with_text:
                    click.echo(f"               {one.text}")
    click.echo(f"{total} queries, {bad} of them failed or empty without a reason")
    return bad


def _words(one: Asked) -> str:
    if one.found is None:
        return f"ERROR: {one.error}"
    if one.found:
        return f"{one.found} series"
    return f"empty: because {one.because}" if one.because else "EMPTY, and nothing says why"


if __name__ == "__main__":
    main(prog_name="make panels")
