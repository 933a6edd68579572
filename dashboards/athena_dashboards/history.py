"""The library's questions as Grafana asks them of Athena: days and choices by macros, columns with their units.

Stage: athena_exporter.library, queries -> **history** -> signals, boards.

The plug-in replaces `$__rawTimeTo(...)` by the range's end in UTC, as a text: pkg/athena/macros.go of
github.com/grafana/athena-datasource. Only its day is asked for, so that the SQL stays the same until midnight and
Athena can give an earlier result. A first day that is reckoned from it is a constant to Athena's planner, too.
"""

from collections.abc import Mapping
from types import MappingProxyType

from athena_dashboards.model import Column, DataLink, Table
from athena_dashboards.queries import AthenaSql
from athena_dashboards.theme import Unit
from athena_exporter.library import questions, rendering
from athena_exporter.library.questions import BY_NAME, FROM, TO, Backend, Question
from athena_exporter.library.reference import USD_PER_TB, measured

REACH = "history_days"
"""The variable of how many days before the range's last one are asked for."""
COMPONENT_OF = "component_of"
"""The hidden variable with `workgroup=component` of each workgroup that has the tag."""
CUR_TABLE = "cur_table"
"""The variable with the table of the Cost and Usage Report, or nothing."""
REUSE_MINUTES = 60
LAST_DAY = "$__rawTimeTo('yyyy-MM-dd')"
"""The range's last UTC day."""
LAST_MONTH = "$__rawTimeTo('yyyy-MM')"


def days_before(days: str) -> str:
    """SQL: the day so many days before the last."""
    return f"date_format(date_add('day', -{days}, date_parse({LAST_DAY}, '%Y-%m-%d')), '%Y-%m-%d')"


def _first_month(form: str) -> str:
    return f"date_format(date_add('month', -11, date_parse({LAST_MONTH}, '%Y-%m')), '{form}')"


CHOSEN = days_before(f"${{{REACH}:raw}}")
"""The first day that the variable chooses."""
YEAR = _first_month("%Y-%m-%d")
"""The first day of the month eleven months before the last: twelve bars."""
YEAR_MONTH = _first_month("%Y-%m")
KEPT = days_before("399")
"""The first of 400 days: so long terraform's module `history` keeps files by default."""

_SCOPE: Mapping[str, str] = MappingProxyType({"account": "accounts", "region": "regions", "workgroup": "workgroups"})
"""Variable -> parameter."""
SCOPE = tuple(_SCOPE)
_QUERIES_A_DAY = 1_000_000
_TB = 2**40
_UNITS: Mapping[questions.Unit, Unit | None] = MappingProxyType(
    {
        questions.Unit.NAME: None,
        questions.Unit.COUNT: Unit.COUNT,
        questions.Unit.BYTES: Unit.BYTES,
        questions.Unit.MEBIBYTES: Unit.MEBIBYTES,
        questions.Unit.USD: Unit.USD,
        questions.Unit.RATIO: Unit.RATIO,
        questions.Unit.MILLISECONDS: Unit.MILLISECONDS,
        questions.Unit.TIME: Unit.TIME,
        questions.Unit.DAY: None,
        questions.Unit.MONTH: None,
    }
)
_DECIMALS: Mapping[questions.Unit, int] = MappingProxyType({questions.Unit.USD: 2, questions.Unit.RATIO: 1})


# -- questions --------------------------------------------------------------------------------------------------------


def asked(
    name: str,
    *,
    first: str = CHOSEN,
    scope: tuple[str, ...] = SCOPE,
    macros: Mapping[str, str] | None = None,
    around: str = "{}",
    **values: object,
) -> AthenaSql:
    """A question of the library as a target.

    Args:
        name: the question's.
        first: SQL of its first day; the last is the range's.
        scope: variables of the dashboard that narrow it: account, region, workgroup.
        macros: parameter -> SQL in its place.
        around: SQL with `{}` for the question's own.
        values: other parameters; what is not given takes its default.

    Raises:
        ValueError: there is no such question or parameter, or a value does not fit.
    """
    question = _question(name)
    told = {FROM: first, TO: LAST_DAY} | {_SCOPE[one]: chosen(one) for one in scope} | dict(macros or {})
    taken = question.takes(Backend.HISTORY)
    unknown = told.keys() - {one.name for one in taken}
    if unknown:
        raise ValueError(f"{name} takes no {', '.join(sorted(unknown))}")
    rest = rendering.literals([one for one in taken if one.name not in told], values)
    sql = rendering.filled(question.sql(Backend.HISTORY), {**rest, **told})
    return AthenaSql(sql=around.replace("{}", sql), reuse_minutes=REUSE_MINUTES)


def chosen(variable: str) -> str:
    """SQL: an array of what a variable has chosen, empty for All.

    All is `.*`, as Prometheus reads it. Names of accounts, Regions and workgroups hold neither commas nor quotes; who
    writes one into the address gets an error of Athena.
    """
    return f"filter(split('${{{variable}:csv}}', ','), one -> one NOT IN ('', '.*'))"


COMPONENTS = (
    "SELECT split_part(pair, '=', 1), min(substr(pair, strpos(pair, '=') + 1))"  # noqa: S608  only a variable's name
    f" FROM UNNEST(split('${{{COMPONENT_OF}:csv}}', ',')) AS named (pair)"
    " WHERE strpos(pair, '=') > 1 GROUP BY split_part(pair, '=', 1)"
)
"""SQL: workgroups and their components, each workgroup once, for two accounts may both have a `primary`."""


def _question(name: str) -> Question:
    if name not in BY_NAME:
        raise ValueError(f"the library has no question {name}")
    return BY_NAME[name]


def asks(name: str) -> str:
    """The question in words."""
    return f"{_question(name).description.partition('?')[0]}?"


def price(name: str, days: int) -> str:
    """What a look costs, in words: from the bytes that `make bench` has counted."""
    usd = measured().of(_question(name)) * _QUERIES_A_DAY * days / _TB * USD_PER_TB
    return (
        f"Opening it is a paid query: about {usd:.1g} USD for {days} days of a million queries each. The same again"
        f" within {REUSE_MINUTES} minutes is free, refreshes too."
    )


# -- columns ----------------------------------------------------------------------------------------------------------


def table(
    name: str,
    titles: Mapping[str, str],
    *,
    sort_by: str = "",
    links: Mapping[str, tuple[DataLink, ...]] | None = None,
    mappings: Mapping[str, Mapping[str, str]] | None = None,
    widths: Mapping[str, int] | None = None,
) -> Table:
    """A table of a question's columns, in the order of `titles`, with the units that the library declares.

    Args:
        name: the question's.
        titles: column -> heading.
        sort_by: a heading; empty keeps the question's own order.
        links: column -> links.
        mappings: column -> value -> the words shown for it.
        widths: column -> pixels.

    Raises:
        ValueError: the question has no such column.
    """
    units = {one.name: one.unit for one in _question(name).columns}
    unknown = titles.keys() - units.keys()
    if unknown:
        raise ValueError(f"{name} has no column {', '.join(sorted(unknown))}")
    return Table(
        columns=tuple(
            Column(
                field=field,
                title=title,
                unit=_UNITS[units[field]],
                decimals=_DECIMALS.get(units[field]),
                width=(widths or {}).get(field),
                links=(links or {}).get(field, ()),
                mappings=(mappings or {}).get(field, {}),
            )
            for field, title in titles.items()
        ),
        sort_by=sort_by,
    )


# -- the bill ---------------------------------------------------------------------------------------------------------

BILL = f"""
WITH bill AS (
    SELECT CAST(NULL AS varchar) AS billing_period,
        CAST(NULL AS varchar) AS line_item_product_code,
        CAST(NULL AS varchar) AS line_item_line_item_type,
        CAST(NULL AS varchar) AS line_item_resource_id,
        CAST(NULL AS double) AS line_item_unblended_cost,
        CAST(NULL AS map(varchar, varchar)) AS resource_tags
    WHERE false
)
SELECT bill.billing_period AS month,
    coalesce(
        element_at(bill.resource_tags, 'user_component'),
        regexp_extract(bill.line_item_resource_id, 'workgroup/([^-_.]+)', 1),
        '(no component)'
    ) AS component,
    sum(bill.line_item_unblended_cost) AS cost_usd
FROM ${{{CUR_TABLE}:raw}} bill
WHERE bill.billing_period BETWEEN {YEAR_MONTH} AND {LAST_MONTH}
    AND bill.line_item_product_code = 'AmazonAthena'
    AND bill.line_item_line_item_type NOT IN ('Credit', 'Refund', 'Tax')
GROUP BY 1, 2
ORDER BY 1, 3 DESC, 2
""".strip()  # noqa: S608  only names of Grafana's variables and macros go in
"""Athena's cost by month and component in a Cost and Usage Report 2.0. Without a table's name `bill` is the empty one
above. Columns: docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html; an export to S3 is partitioned by
`billing_period`, and keys of users' tags begin with `user_`. Unverified with a real report: that the resource of
Athena's lines is the workgroup's ARN."""


def bill() -> AthenaSql:
    """The report as a target."""
    return AthenaSql(sql=BILL, reuse_minutes=REUSE_MINUTES)
