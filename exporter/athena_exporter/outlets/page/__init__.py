"""The page at `/`: what the exporter knows, for a person without Grafana.

Stage: ledger, process -> samples -> **page** -> server. Made of the same committed samples as `/metrics`, once a
publication; it needs no script, and nothing from elsewhere.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from athena_exporter import catalog
from athena_exporter.outlets.page import process, sections
from athena_exporter.outlets.page.figures import Figures
from athena_exporter.outlets.page.markup import exact, text
from athena_exporter.outlets.page.style import POLICY, STYLE
from athena_exporter.records import Sample, Target

__all__ = ["POLICY", "REFRESH_SECONDS", "page"]

REFRESH_SECONDS = 15
"""How often an open page asks for the next one."""

_LINKS = (
    ("/metrics", "metrics", "what Prometheus scrapes"),
    ("/-/healthy", "healthy", "the process answers"),
    ("/-/ready", "ready", "committed totals are being served"),
    ("/docs/metrics", "documentation", "every metric, and how a query is counted"),
)


def page(samples: Sequence[Sample], now: datetime) -> bytes:
    """The page as HTML in UTF-8. `now` (aware) is what ages are measured from.

    Samples that contradict the catalogue are passed over here: rendering `/metrics` refuses them.
    """
    figures = Figures(samples, (*sections.WANTED, *process.WANTED))
    # Half a surrogate pair has no bytes in UTF-8: it is shown as an escape, as `/metrics` does.
    return "".join(_document(figures, now)).encode("utf-8", "backslashreplace")


def _document(figures: Figures, now: datetime) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">\n'
    yield f"<title>Athena Observability</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    yield f'<header><h1>Athena Observability <span class="version">{_version(figures)}</span></h1>\n'
    links = "".join(f'<li><a href="{path}" title="{title}">{word}</a></li>' for path, word, title in _LINKS)
    yield f'<nav aria-label="Pages"><ul>{links}</ul></nav></header>\n<main>\n'
    yield f'<p class="soft">As of {exact(now)}; the page renews itself every {REFRESH_SECONDS} seconds.</p>\n'
    targets = figures.targets(sections.WANTED)
    if not targets:
        yield "<p>No account has answered yet: the log says what is missing.</p>\n"
    for target in targets:
        yield f"<h2>{_called(figures, target)}</h2>\n"
        yield from sections.target_cards(figures, target, now)
    yield f"<h2>The exporter</h2>\n{process.process_cards(figures)}"
    yield "</main>\n<footer><p>Money is the list price of what was scanned, not an invoice. Days are UTC. "
    yield "If the time above stands still, the exporter's log says why.</p></footer>\n</body>\n</html>\n"


def _version(figures: Figures) -> str:
    builds = figures.of(catalog.BUILD_INFO, None)
    return " ".join(text(version) for version, _ in builds)


def _called(figures: Figures, target: Target) -> str:
    aliases = set(figures.values(catalog.TARGET_INFO, target, "alias")) - {target.account_id}
    called = "".join(f"{text(alias)} " for alias in sorted(aliases))
    return f'{called}{text(target.region)} <span class="soft">account {text(target.account_id)}</span>'
