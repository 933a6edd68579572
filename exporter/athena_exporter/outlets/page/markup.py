"""HTML from values: everything that comes from outside passes `text` or `name`, and numbers have their units.

Stage: figures -> **markup** -> page. Names are hostile: whoever names a session chooses its characters.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from athena_exporter.outlets.report.render import visible

_NAME = 64
"""Characters of a name that a table shows."""
_WHOLE_NAME = 300
"""Characters of a name that its title shows."""
_STEPS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
NOTHING = '<span class="soft" title="not known">-</span>'
"""What stands where nobody knows a value."""


def text(value: str) -> str:
    """Safe between tags and in quoted attributes."""
    return html.escape(value, quote=True)


def name(value: str, *, own: str = "") -> str:
    """A name from outside, cut and escaped, in a direction of its own; `own` explains one of the product's words."""
    shown = _cut(value, _NAME)
    title = own or (_cut(value, _WHOLE_NAME) if len(visible(value[: _NAME + 1])) > _NAME else "")
    kind = ' class="own"' if own else ""
    return f"<bdi{kind}{_title(title)}>{text(shown)}</bdi>"


def _cut(value: str, length: int) -> str:
    """At most `length` characters, nothing unseen among them."""
    shown = visible(value[: length + 1])
    return shown if len(shown) <= length else shown[: length - 1] + "\u2026"


def _title(words: str) -> str:
    return f' title="{text(words)}"' if words else ""


def span(seconds: float) -> str:
    """How long, in its two largest units: `3 h 5 min`, `12 s`."""
    rest, parts = round(abs(seconds)), list[str]()
    for unit, size in _STEPS:
        number, rest = divmod(rest, size)
        if number or parts:
            parts.append(f"{number} {unit}" if number else "")
        if len(parts) == 2:  # noqa: PLR2004  # two units say enough
            break
    return " ".join(filter(None, parts)) or "under 1 s"


def moment(seconds: float, now: datetime) -> str:
    """A time in epoch seconds as its age, with the time itself in the title."""
    try:
        at = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return NOTHING
    age = (now - at).total_seconds()
    words = f"{span(age)} ago" if age >= 0 else f"in {span(age)}"
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{at:%Y-%m-%d %H:%M:%S} UTC">{words}</time>'


def exact(at: datetime) -> str:
    """A time as such."""
    at = at.astimezone(UTC)
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{at:%Y-%m-%d %H:%M:%S} UTC</time>'


def state(words: str, kind: str) -> str:
    """A judgement with a sign and a word, so that nobody has to see its colour; `kind`: good, warn or bad."""
    sign = {"good": "\u2713", "warn": "!", "bad": "\u2717"}[kind]
    return f'<span class="{kind}"><span aria-hidden="true">{sign}</span> {text(words)}</span>'


def bar(share: float) -> str:
    """A share from 0 to 1 as a bar beside its number, which says the same; above 1 it is full."""
    width = round(100 * min(max(share, 0.0), 1.0), 1)
    full = ' class="full"' if share >= 1 else ""
    return (
        f'<svg{full} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width}" height="6"/></svg>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A table: safe HTML in every cell, the first of each row names it. `text_columns` stand at the left."""

    caption: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    foot: Sequence[str] = ()
    text_columns: frozenset[int] = frozenset()
    empty: str = ""


def card(rows: Rows, *, wide: bool = False, note: str = "") -> str:
    """A heading with the table below it, or the word for none."""
    title = text(rows.caption)
    inner = _table(rows) if rows.body else f'<p class="soft">{text(rows.empty)}</p>'
    said = f'<p class="soft">{note}</p>' if note else ""
    return f'<section class="card{" wide" if wide else ""}"><h3>{title}</h3>{inner}{said}</section>\n'


def grid(*cards: str) -> str:
    """Cards side by side, as many as there is room for."""
    return f'<div class="grid">\n{"".join(cards)}</div>\n'


def facts(title: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A heading with words and their values; the values are safe HTML."""
    items = "".join(f"<dt>{text(word)}</dt><dd>{value}</dd>" for word, value in pairs)
    return f'<section class="card"><h3>{text(title)}</h3><dl>{items}</dl></section>\n'


def _table(rows: Rows) -> str:
    head = "".join(f'<th scope="col"{_side(rows, column)}>{text(words)}</th>' for column, words in enumerate(rows.head))
    body = "".join(f"<tr>{_row(rows, cells)}</tr>\n" for cells in rows.body)
    foot = f"<tfoot><tr>{_row(rows, rows.foot)}</tr></tfoot>" if rows.foot else ""
    label = text(rows.caption)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody>{foot}</table></div>"
    )


def _row(rows: Rows, cells: Sequence[str]) -> str:
    first, *others = cells
    rest = "".join(f"<td{_side(rows, column)}>{cell}</td>" for column, cell in enumerate(others, start=1))
    return f'<th scope="row">{first}</th>{rest}'


def _side(rows: Rows, column: int) -> str:
    return ' class="text"' if column in rows.text_columns else ""
