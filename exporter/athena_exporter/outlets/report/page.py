"""Reports as one page that needs nothing else: tables, a chart beside each that has one, light and dark.

Stage: tables -> **page** -> a browser, an e-mail's attachment. Needs the extra `charts`. No script, nothing from
elsewhere, and a policy that forbids both; names are hostile and pass `_safe`.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from athena_exporter.outlets.report.charts import svg
from athena_exporter.outlets.report.figures import figure_of
from athena_exporter.outlets.report.render import caption, shown, visible
from athena_exporter.outlets.report.table import Cell, Column, Table, Unit

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """\
:root{color-scheme:light dark;--paper:#fff;--band:#f5f6f8;--ink:#1b1f24;--soft:#57606a;--rule:#d8dee4;--link:#0a53be;
--series-0:#2f6fbf;--series-1:#c2571a;--series-2:#2e8540;--series-3:#8a4fbf;--series-4:#b0304f;--series-5:#8a7400;
--series-6:#1b7f8c;--series-7:#6b7280}
@media(prefers-color-scheme:dark){:root{--paper:#12151a;--band:#1b2027;--ink:#e4e8ed;--soft:#a3adb8;--rule:#333b45;
--link:#7fb2ff;--series-0:#6ea8ff;--series-1:#ff9b5e;--series-2:#5fd07a;--series-3:#c39bff;--series-4:#ff8aa5;
--series-5:#e0c84a;--series-6:#5fd3e0;--series-7:#9aa4af}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
header,main,footer{max-width:70rem;margin:0 auto;padding:.75rem 1rem}
h1{font-size:1.4rem;margin:.5rem 0 .2rem}
h2{font-size:1.1rem;margin:0 0 .5rem}
p{margin:.35rem 0}
a{color:var(--link)}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:.5rem 0 0;padding:0}
.soft,footer,figcaption,.notes{color:var(--soft)}
section{background:var(--band);border:1px solid var(--rule);border-radius:6px;padding:.8rem .9rem;margin:0 0 1rem}
.scroll{overflow-x:auto}
figure{margin:0 0 .8rem}
figcaption{font-size:.85rem;font-weight:600}
.chart{display:block;width:100%;min-width:34rem;max-width:56rem;height:auto}
.chart text{font-family:system-ui,sans-serif!important}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .7rem .2rem 0;text-align:right;vertical-align:top;white-space:nowrap}
thead th{color:var(--soft);font-weight:600;font-size:.85rem}
tbody th,tbody td,tfoot th,tfoot td{border-top:1px solid var(--rule)}
tbody th{font-weight:normal}
tfoot th,tfoot td{font-weight:600}
.text,.when{text-align:left}
.text{white-space:normal;min-width:8.2rem;overflow-wrap:anywhere}
th:last-child,td:last-child{padding-right:0}
.notes{margin:.5rem 0 0;padding-left:1.1rem;font-size:.85rem}
footer{border-top:1px solid var(--rule);font-size:.85rem}
@media(max-width:40rem){body{font-size:14px}header,main,footer{padding:.6rem .7rem}section{padding:.6rem}}
@media print{section{break-inside:avoid;background:none}nav{display:none}}
"""
_FOOT = "Money is the list price of what was scanned, not an invoice. Times and days are UTC."


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above the tables: a title, and sentences on where the numbers are from."""

    title: str
    words: tuple[str, ...]


def to_html(head: Head, tables: Sequence[Table], *, limit: int | None = None) -> str:
    """The page; at most `limit` rows of each table, while charts are of all of them.

    Text that UTF-8 has no bytes for is shown as an escape.
    """
    text = "".join(_document(head, tables, limit))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _document(head: Head, tables: Sequence[Table], limit: int | None) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{_safe(head.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    yield f"<header><h1>{_safe(head.title)}</h1>\n"
    yield from (f'<p class="soft">{_safe(one)}</p>\n' for one in head.words)
    if len(tables) > 1:
        links = "".join(f'<li><a href="#part-{at}">{_safe(one.title)}</a></li>' for at, one in enumerate(tables, 1))
        yield f'<nav aria-label="Parts"><ul>{links}</ul></nav>\n'
    yield "</header>\n<main>\n"
    for at, table in enumerate(tables, start=1):
        yield from _section(table, at, limit)
    yield f"</main>\n<footer><p>{_FOOT}</p></footer>\n</body>\n</html>\n"


def _section(table: Table, at: int, limit: int | None) -> Iterator[str]:
    yield f'<section id="part-{at}" aria-labelledby="head-{at}">\n<h2 id="head-{at}">{_safe(table.title)}</h2>\n'
    figure = figure_of(table)
    if figure is not None:
        chart = svg(figure, f"chart-{at}")
        yield f"<figure><figcaption>{_safe(figure.column.heading)}</figcaption>"
        yield f'<div class="scroll" tabindex="0" role="group" aria-label="{_safe(figure.title)}">'
        yield f"{chart}</div></figure>\n"
    table = _cut(table, limit)
    if table.rows:
        yield f'<div class="scroll" tabindex="0" role="group" aria-labelledby="head-{at}">'
        yield from _table(table, at)
        yield "</div>\n"
    notes = [f"<li>{_safe(one)}</li>" for one in caption(table)]
    yield f'<ul class="notes">{"".join(notes)}</ul>\n' if notes else ""
    yield "</section>\n"


def _cut(table: Table, limit: int | None) -> Table:
    kept = table.rows[:limit]
    return replace(table, rows=kept, omitted=table.omitted + len(table.rows) - len(kept))


def _table(table: Table, at: int) -> Iterator[str]:
    yield f'<table aria-labelledby="head-{at}"><thead><tr>'
    yield from (f'<th scope="col"{_kind(column)}>{_safe(column.heading)}</th>' for column in table.columns)
    yield "</tr></thead>\n<tbody>\n"
    for row in table.rows:
        yield f"{_row(table.columns, row)}\n"
    yield "</tbody>"
    if table.total:
        yield f"\n<tfoot>{_row(table.columns, table.total)}</tfoot>"
    yield "</table>"


def _row(columns: Sequence[Column], row: Sequence[Cell]) -> str:
    first, *others = zip(columns, row, strict=True)
    cells = "".join(f"<td{_kind(column)}>{_cell(column, cell)}</td>" for column, cell in others)
    return f'<tr><th scope="row"{_kind(first[0])}>{_cell(*first)}</th>{cells}</tr>'


def _cell(column: Column, cell: Cell) -> str:
    words = html.escape(shown(column, cell))
    # A name in another script keeps its direction to itself.
    return f"<bdi>{words}</bdi>" if column.unit.is_text else words


def _kind(column: Column) -> str:
    if column.unit is Unit.NAME:
        return ' class="text"'
    return ' class="when"' if column.unit.is_text else ""


def _safe(words: str) -> str:
    return html.escape(visible(words))
