"""How everything looks: units, colours, sizes. Colours are of a palette that the colour-blind can tell apart.

Source of the palette: Okabe and Ito, https://jfly.uni-koeln.de/color/. Good and bad are blue and vermilion, never
green and red, and never colour alone: the figure and its unit stand beside it.
"""

from enum import StrEnum


class Unit(StrEnum):
    """Grafana's names of units: packages/grafana-data/src/valueFormats/categories.ts of grafana/grafana."""

    NONE = "none"
    COUNT = "short"
    BYTES = "bytes"
    """Binary: MiB, GiB, TiB; the exporter's prices know 2^40 bytes a terabyte, too."""
    MEBIBYTES = "mbytes"
    BYTES_PER_SECOND = "binBps"
    SECONDS = "s"
    MILLISECONDS = "ms"
    USD = "currencyUSD"
    RATIO = "percentunit"
    PER_SECOND = "cps"
    TIME = "dateTimeAsIso"
    """Milliseconds since 1970 (PromQL's seconds times 1000)."""
    AGO = "dateTimeFromNow"
    """As TIME, shown as a distance from now."""
    DAY = "time:YYYY-MM-DD"
    MONTH = "time:YYYY-MM"


class Color(StrEnum):
    """Okabe and Ito's palette, and what its members mean here."""

    ORANGE = "#E69F00"
    SKY = "#56B4E9"
    GREEN = "#009E73"
    YELLOW = "#F0E442"
    BLUE = "#0072B2"
    VERMILION = "#D55E00"
    PURPLE = "#CC79A7"
    GREY = "#8E8E8E"


CALM = Color.BLUE
"""All is as it should be."""
WARNING = Color.ORANGE
CRITICAL = Color.VERMILION
NEUTRAL = Color.GREY

STATE_COLORS = {"succeeded": Color.BLUE, "failed": Color.VERMILION, "cancelled": Color.ORANGE}
"""The end of a query, everywhere the same."""

WIDTH = 24
"""Columns of Grafana's grid."""
REFRESH = "1m"
"""No faster than the data: sources are read every 15 s to 5 min."""
TAG = "athena"
"""Of all dashboards: the drop-down of links finds them by it."""
COMPONENT_TAG = "tag_component"
"""The label of the workgroups' tag `component`, which `sources.workgroups.tags` asks for."""
