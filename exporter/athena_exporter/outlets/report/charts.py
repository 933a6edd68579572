"""A chart as SVG that stands inside a page: no script, no font, no colour of its own.

Stage: figures -> **charts** -> page. matplotlib draws it (the extra `charts`; only this module imports it). Colours
are the page's: what is drawn in a mark's colour is given the page's variable instead, so that one chart serves light
and dark.
"""

import html
import io
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from athena_exporter.outlets.report.figures import Figure
from athena_exporter.outlets.report.render import shown
from athena_exporter.outlets.report.table import Unit

COLOURS = 8
"""How many series the page has colours for."""
_INK, _GRID = "#000001", "#000002"
_MARKS: Mapping[str, str] = {_INK: "--soft", _GRID: "--rule"} | {
    f"#0000a{number}": f"--series-{number}" for number in range(COLOURS)
}
_WIDTH = 8.0
_ROW, _EDGE, _COLUMNS_HEIGHT = 0.29, 0.1, 2.8
_MOST_TICKS, _LEVEL_TICKS = 12, 6
_TEXT = 9.0
_SETTINGS: Mapping[str, object] = {
    "svg.fonttype": "none",  # words stay words: searchable, and in the page's font
    "text.parse_math": False,  # a name with two dollar signs is no formula
    "font.size": _TEXT,
    "text.color": _INK,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_Draw: TypeAlias = Callable[[Axes, Figure], None]


def svg(figure: Figure, name: str) -> str:
    """The chart as an `<svg>` element; `name` begins its ids, so that several stand on one page."""
    height = _COLUMNS_HEIGHT if figure.is_over_time else _EDGE + _ROW * len(figure.labels)
    draw: _Draw = _columns if figure.is_over_time else _bars
    settings: Any = {**_SETTINGS, "svg.hashsalt": name}  # matplotlib types each key by itself
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Names have letters that matplotlib's font lacks; it only measures them, the reader's font draws them.
        warnings.simplefilter("ignore", UserWarning)
        canvas = Canvas(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(canvas)
        draw(canvas.add_subplot(), figure)
        written = io.StringIO()
        canvas.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inlined(written.getvalue(), figure, name)


def _bars(axes: Axes, figure: Figure) -> None:
    values = figure.series[0].values
    places = range(len(values))
    drawn = axes.barh(places, values, height=0.7, color="#0000a0")
    axes.bar_label(drawn, [shown(figure.column, _whole(figure, value)) for value in values], padding=4, color=_INK)
    axes.set_yticks(list(places), list(figure.labels))
    axes.set_ylim(len(values) - 0.5, -0.5)  # one bar is as thick as each of twelve
    axes.margins(x=0.16)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _columns(axes: Axes, figure: Figure) -> None:
    scale, unit = _scale(figure)
    below = [0.0] * len(figure.labels)
    for number, series in enumerate(figure.series):
        heights = [value / scale for value in series.values]
        axes.bar(range(len(heights)), heights, bottom=below, width=0.8, color=f"#0000a{number}", label=series.name)
        below = [low + high for low, high in zip(below, heights, strict=True)]
    count = len(figure.labels)
    step = -(-count // _MOST_TICKS)
    lying: Mapping[str, Any] = {} if count <= _LEVEL_TICKS else {"rotation": 30, "ha": "right"}
    axes.set_xticks(range(0, count, step), figure.labels[::step], **lying)
    axes.set_xlim(-0.6, max(count, _LEVEL_TICKS) - 0.4)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=figure.column.unit is Unit.COUNT))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(figure, value)))
    axes.set_ylabel(unit)
    axes.grid(axis="y", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    if len(figure.series) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, labelcolor=_INK)


def _scale(figure: Figure) -> tuple[float, str]:
    """What values are divided by, and the unit that is written beside the axis."""
    if figure.column.unit is not Unit.BYTES:
        return 1.0, ""
    highest = max(map(sum, zip(*(series.values for series in figure.series), strict=True)))
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if highest >= 2**power:
            return float(2**power), unit
    return 1.0, "B"


def _tick(figure: Figure, value: float) -> str:
    if figure.column.unit is Unit.BYTES:
        return f"{value:g}"
    return shown(figure.column, _whole(figure, value))


def _whole(figure: Figure, value: float) -> float | int:
    return round(value) if figure.column.unit in {Unit.COUNT, Unit.BYTES} else value


def _inlined(text: str, figure: Figure, name: str) -> str:
    """Only the element, with its title and description, and the page's colours."""
    element = text[text.index("<svg") :]
    for left_out in (r"<!--.*?-->", r"<metadata>.*?</metadata>"):
        element = re.sub(left_out, "", element, flags=re.DOTALL)
    # Only what stands in tags is ours: words between them may say anything.
    element = re.sub(r"<[^>]*>", lambda tag: _of_page(tag.group(), name), element)
    box = re.search(r'viewBox="([^"]+)"', element)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="chart"'
        f' viewBox="{box.group(1) if box else ""}" role="img" aria-labelledby="{name}-title {name}-words">'
        f'<title id="{name}-title">{html.escape(figure.title)}</title>'
        f'<desc id="{name}-words">{html.escape(figure.words)}</desc>'
    )
    return head + element[element.index(">") + 1 :].strip()


def _of_page(tag: str, name: str) -> str:
    """A tag with the page's colours, and ids of its own: matplotlib's (`figure_1`) are the same in every chart."""
    for mark, variable in _MARKS.items():
        tag = tag.replace(mark, f"var({variable})")
    return re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{name}-", tag)
