"""`athena-exporter questions`: the SQL library of the history, for Athena's console or any program. Never asks AWS."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import click

from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.times import Day
from athena_exporter.cli.usage import HELP
from athena_exporter.library import definitions
from athena_exporter.library.questions import BY_NAME, FROM, QUESTIONS, TO, Backend, Question
from athena_exporter.library.rendering import Kind, Parameter, RenderingError, Value


def _listing() -> str:
    width = max(len(question.name) for question in QUESTIONS)
    return "\n".join(f"{question.name:<{width}}  {question.title}" for question in QUESTIONS)


@click.command(context_settings=dict(HELP))
@click.argument("name", metavar="[QUESTION]", type=click.Choice(list(BY_NAME)), required=False)
@click.option("--from", "first", type=Day(), default="30d", show_default=True, help="The first day, or how long ago.")
@click.option("--to", "last", type=Day(), default="yesterday", show_default=True, help="The last day, included.")
@click.option(
    "--backend",
    type=click.Choice([one.value for one in Backend]),
    default=Backend.HISTORY.value,
    show_default=True,
    help="Also ask CloudTrail's records who started what the history cannot attribute.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter; lists by repeating it. See --describe."
)
@click.option("--describe", is_flag=True, help="Say what the question answers, takes and gives, instead of its SQL.")
@click.option("--ddl", metavar="BUCKET", help="Print the DDL of the table and its views in this bucket instead.")
@click.option("--prefix", default="athena-history/", show_default=True, help="With --ddl: the exporter's prefix.")
@click.option("--trail", metavar="DATABASE.TABLE", help="With --ddl: module audit-trail's table, for its view.")
@explained
def questions(
    name: str | None,
    first: date,
    last: date,
    backend: str,
    settings: tuple[str, ...],
    ddl: str | None,
    prefix: str,
    trail: str | None,
    *,
    describe: bool,
) -> None:
    """Print the questions that the query history answers, or the SQL of one, ready for Athena.

    \b
    athena-exporter questions                                   the list
    athena-exporter questions usage_by_user --from 90d          its SQL
    athena-exporter questions savings --describe                what it takes and gives
    athena-exporter questions cost_by_component --set components=airflow-ml=features
    athena-exporter questions --ddl my-history-bucket           the table and its views, without terraform

    Both days are included; days are UTC. The SQL reads the partitions of those days alone. Never calls AWS.
    Exit codes: 0 printed, 2 wrong usage.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    if ddl is not None:
        click.echo(_ddl(ddl, prefix, first, trail))
    elif name is None:
        click.echo(_listing())
    elif describe:
        click.echo("\n".join(_description(BY_NAME[name], Backend(backend))))
    else:
        click.echo(_sql(BY_NAME[name], Backend(backend), first, last, settings))


def _sql(question: Question, backend: Backend, first: date, last: date, settings: Iterable[str]) -> str:
    try:
        values = values_of(question.takes(backend), settings)
        text = question.rendered({**values, FROM: first, TO: last}, backend)
    except RenderingError as error:
        raise SetupError(f"{question.name}: {error}") from error
    return f"-- {question.title}, {first:%Y-%m-%d} to {last:%Y-%m-%d}\n{text}"


def values_of(parameters: Iterable[Parameter], settings: Iterable[str]) -> dict[str, Value]:
    """What `--set` says, by parameter.

    Raises:
        RenderingError: a setting that is none, or an unknown or unfit one.
    """
    known = {one.name: one for one in parameters if one.name not in {FROM, TO}}
    words: defaultdict[str, list[str]] = defaultdict(list)
    for setting in settings:
        name, mark, word = setting.partition("=")
        if not mark or name not in known:
            raise RenderingError(f"--set {setting}: write NAME=VALUE; the names are {', '.join(known)}")
        words[name].append(word)
    return {name: known[name].parsed(given) for name, given in words.items()}


def _description(question: Question, backend: Backend) -> Iterable[str]:
    yield f"{question.title}: {question.description}"
    yield ""
    yield "Takes"
    for one in question.takes(backend):
        yield f"  {one.name} ({one.kind}, {default_of(one)}): {one.description}"
    yield ""
    yield "Gives"
    for column in question.columns:
        yield f"  {column.name} ({column.unit}): {column.description}"


def default_of(parameter: Parameter) -> str:
    """What a parameter is without a word about it."""
    if parameter.default is None:
        return "required"
    return "none given" if parameter.kind in {Kind.TEXTS, Kind.PAIRS} else f"default {parameter.default}"


def _ddl(bucket: str, prefix: str, first: date, trail: str | None) -> str:
    """Each statement with its semicolon; Athena runs one at a time."""
    wanted = [view for view in definitions.VIEWS if trail is not None or not view.reads_trail]
    try:
        views = [definitions.create_view(view, trail=trail) for view in wanted]
    except ValueError as error:
        raise SetupError(f"--{error}") from error
    return "\n\n".join(f"{text};" for text in (definitions.create_table(bucket, prefix, first), *views))
