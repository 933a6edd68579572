"""How commands show their tables: on the terminal, as JSON, CSV or HTML, or in a file that is whole or not there."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click
from rich.console import Console

from athena_exporter.cli.failing import SetupError
from athena_exporter.outlets import report as reports

DEFAULT_ROWS = 20
HTML_ROWS = 50


def require_charts() -> None:
    """Raises SetupError: what draws charts is not installed."""
    try:
        import matplotlib as mpl  # noqa: F401, PLC0415  whoever writes no HTML need not have it
    except ImportError as error:
        raise SetupError(
            "--format html needs matplotlib, which is not installed: pip install 'athena-observability[charts]', "
            f"or choose another format ({error})"
        ) from error


def require_writable(path: Path | None) -> None:
    """Raises SetupError: no file can be written there. Told before anything is asked, for asking may cost."""
    if path is None:
        return
    if not path.parent.is_dir():
        raise SetupError(f"--output {path}: there is no folder {path.parent}; make it first")
    if path.exists() and not path.is_file():
        raise SetupError(f"--output {path}: it is no regular file; name another one")
    if not os.access(path.parent, os.W_OK):
        raise SetupError(f"--output {path}: nothing may be written in {path.parent}; choose another folder")


def show(table: reports.Table, form: str, *, narrowest: int = reports.NARROWEST) -> None:
    """Print a report."""
    if form == reports.Format.JSON:
        click.echo(reports.to_json(table), nl=False)
    elif form == reports.Format.CSV:
        click.echo(reports.to_csv(table), nl=False)
    elif form == reports.Format.HTML:
        click.echo(html([table], title=table.title), nl=False)
    else:
        console = Console()
        # Narrower than this, rich would crop numbers without a word.
        Console(width=max(console.width, narrowest)).print(reports.to_rich(table))


def html(
    tables: Sequence[reports.Table], *, title: str, words: Sequence[str] = (), limit: int | None = HTML_ROWS
) -> str:
    """Reports as a page. Raises SetupError: what draws charts is not installed."""
    require_charts()
    from athena_exporter.outlets.report.page import Head, to_html  # noqa: PLC0415  needs matplotlib

    return to_html(Head(title=title, words=tuple(words)), tables, limit=limit)


def text_of(table: reports.Table, form: str) -> str:
    """A report as the text of a file, for every format but HTML."""
    if form == reports.Format.JSON:
        return reports.to_json(table)
    if form == reports.Format.CSV:
        return reports.to_csv(table)
    console = Console(width=max(Console().width, reports.NARROWEST), no_color=True, force_terminal=False)
    with console.capture() as captured:
        console.print(reports.to_rich(table))
    return captured.get()


def write(text: str, path: Path) -> None:
    """Write a file that appears whole or not at all. Raises SetupError: it cannot be written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(text.encode("utf-8", "backslashreplace"))
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise SetupError(f"--output {path}: {error.strerror or error}; choose another place") from error
