"""Runs a parsed query over records: rows pass from command to command, then become columns of text."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, TypeAlias

from athena_testbed.insights import periods
from athena_testbed.insights.aggregates import Tally, tally
from athena_testbed.insights.functions import CONNECTIVES, FUNCTIONS, OPERATORS, TIMES
from athena_testbed.insights.nodes import (
    Aggregate,
    Among,
    Call,
    Command,
    Dedup,
    Expression,
    Field,
    Fields,
    Filter,
    Like,
    Limit,
    Literal,
    Parse,
    Period,
    Query,
    Sort,
    Stats,
)
from athena_testbed.insights.records import Record, Row
from athena_testbed.insights.values import Timestamp, Value, compared, number, sort_key, truth, written

DEFAULT_LIMIT = 10_000
_Read: TypeAlias = Callable[[Row], Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows of a result, column and text each, and what it took."""

    rows: tuple[tuple[tuple[str, str], ...], ...]
    records_scanned: int
    records_matched: int
    bytes_scanned: int


def evaluate(query: Query, records: Iterable[Record], most: int = DEFAULT_LIMIT) -> Answer:
    """Run a query over records in any order; at most `most` rows where the query sets no limit of its own."""
    scanned = sorted(records, key=lambda record: record.timestamp, reverse=True)
    head = tuple(takewhile(lambda command: isinstance(command, Fields | Filter | Parse), query))
    rows: Iterator[Row] = map(Row, scanned)
    for command in head:
        rows = _step(command, rows)
    counter = _Counter()
    rows = matching = counter.over(rows)
    for command in query[len(head) :]:
        rows = _step(command, rows)
    columns = _columns(query)
    limited = any(isinstance(command, Limit) for command in query)
    shown = tuple(_shown(row, columns) for row in islice(rows, None if limited else most))
    deque(matching, maxlen=0)  # what a limit left unread has matched all the same
    return Answer(
        rows=shown,
        records_scanned=len(scanned),
        records_matched=counter.count,
        bytes_scanned=sum(len(record.message) for record in scanned),
    )


class _Counter:
    """Counts the rows that pass."""

    def __init__(self) -> None:
        self.count = 0

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows."""
        for row in rows:
            self.count += 1
            yield row


def reader(expression: Expression) -> _Read:
    """The expression as a function of a row."""
    if isinstance(expression, Literal):
        value = expression.value
        return lambda _: value
    if isinstance(expression, Field):
        name = expression.name
        return lambda row: row.get(name)
    if isinstance(expression, Like):
        return _like(expression)
    if isinstance(expression, Among):
        return _among(expression)
    if isinstance(expression, Call):
        return _call(expression)
    raise TypeError(expression)


def _like(node: Like) -> _Read:
    operand, search = reader(node.operand), node.pattern.search

    def read(row: Row) -> Value:
        value = operand(row)
        return int(value is not None and search(written(value)) is not None)

    return read


def _among(node: Among) -> _Read:
    operand, options = reader(node.operand), [reader(option) for option in node.options]

    def read(row: Row) -> Value:
        value = operand(row)
        return int(any(compared(value, option(row)) == 0 for option in options))

    return read


def _call(node: Call) -> _Read:
    if node.name in TIMES:
        return _time(node)
    operands = [reader(argument) for argument in node.arguments]
    if node.name in CONNECTIVES:
        return _connective(node.name, operands)
    apply = OPERATORS.get(node.name) or FUNCTIONS[node.name].apply
    if len(operands) == 2:
        left, right = operands
        return lambda row: apply(left(row), right(row))
    return lambda row: apply(*(operand(row) for operand in operands))


def _connective(name: str, operands: Sequence[_Read]) -> _Read:
    if name == "not":
        return lambda row: int(not truth(operands[0](row)))
    left, right = operands
    if name == "and":
        return lambda row: int(truth(left(row)) and truth(right(row)))
    return lambda row: int(truth(left(row)) or truth(right(row)))


def _time(node: Call) -> _Read:
    operand, length = reader(node.arguments[0]), node.arguments[1]
    turn = periods.floor if node.name == "datefloor" else periods.ceil

    def read(row: Row) -> Value:
        at = number(operand(row))
        return None if at is None or not isinstance(length, Period) else Timestamp(turn(int(at), length))

    return read


def _fields(command: Fields, rows: Iterable[Row]) -> Iterator[Row]:
    """Makes the columns that are more than a field's own name; each sees those before it."""
    made = [
        (item.name, reader(item.expression))
        for item in command.items
        if item.expression != Field(item.name)
    ]  # fmt: skip  # one thought
    for row in rows:
        for name, read in made:
            row.made[name] = read(row)
        yield row


def _filter(command: Filter, rows: Iterable[Row]) -> Iterator[Row]:
    condition = reader(command.condition)
    return (row for row in rows if truth(condition(row)))


def _limit(command: Limit, rows: Iterable[Row]) -> Iterator[Row]:
    return islice(rows, command.count)


def _sort(command: Sort, rows: Iterable[Row]) -> Iterator[Row]:
    ordered = list(rows)
    for expression, down in reversed(command.keys):
        read = reader(expression)
        values = [read(row) for row in ordered]
        key = _plain if all(isinstance(value, int) for value in values) else sort_key
        places = sorted(range(len(ordered)), key=[key(value) for value in values].__getitem__, reverse=down)
        ordered = [ordered[place] for place in places]
    return iter(ordered)


def _plain(value: Value) -> Any:
    return value


def _dedup(command: Dedup, rows: Iterable[Row]) -> Iterator[Row]:
    """The first row of each combination; rows that lack one of the fields stay, as AWS documents."""
    seen: set[tuple[Value, ...]] = set()
    for row in rows:
        key = tuple(row.get(field.name) for field in command.fields)
        if None in key or key not in seen:
            seen.add(key)
            yield row


def _parse(command: Parse, rows: Iterable[Row]) -> Iterator[Row]:
    read = reader(command.operand)
    for row in rows:
        value = read(row)
        match = None if value is None else command.pattern.search(written(value))
        if match is not None:
            row.made.update(zip(command.names, match.groups(), strict=False))
        yield row


class _Group:
    """The tallies of one combination of values."""

    __slots__ = ("key", "tallies")

    def __init__(self, key: tuple[Value, ...], aggregates: Sequence[Aggregate]) -> None:
        self.key = key
        self.tallies: list[Tally] = [tally(aggregate.name, aggregate.parameter) for aggregate in aggregates]


def _stats(command: Stats, rows: Iterable[Row]) -> Iterator[Row]:
    aggregates = [found for item in command.items for found in _aggregates(item.expression)]
    inputs = [_input(aggregate) for aggregate in aggregates]
    keys = [reader(item.expression) for item in command.by]
    groups: dict[tuple[str | None, ...], _Group] = {}
    for row in rows:
        values = tuple(read(row) for read in keys)
        name = tuple(value if value is None or isinstance(value, str) else written(value) for value in values)
        if name not in groups:
            groups[name] = _Group(values, aggregates)
        at = number(row.get("@timestamp")) or 0
        for one, read in zip(groups[name].tallies, inputs, strict=True):
            one.add(read(row), int(at))
    if not groups and not command.by:
        groups[()] = _Group((), aggregates)
    for group in groups.values():
        yield _summed(command, group)


def _summed(command: Stats, group: _Group) -> Row:
    results = iter([one.result() for one in group.tallies])
    made = dict(zip((item.name for item in command.by), group.key, strict=True))
    for item in command.items:
        made[item.name] = reader(_filled(item.expression, results))(Row(None))
    return Row(None, made)


def _input(aggregate: Aggregate) -> _Read:
    return (lambda _: 1) if aggregate.argument is None else reader(aggregate.argument)


def _aggregates(expression: Expression) -> list[Aggregate]:
    if isinstance(expression, Aggregate):
        return [expression]
    if isinstance(expression, Call):
        return [found for argument in expression.arguments for found in _aggregates(argument)]
    return []


def _filled(expression: Expression, results: Iterator[Value]) -> Expression:
    """The expression with the results where the aggregates stood, in the same order."""
    if isinstance(expression, Aggregate):
        result = next(results)
        return Field("") if result is None else Literal(result)
    if isinstance(expression, Call):
        return Call(expression.name, tuple(_filled(argument, results) for argument in expression.arguments))
    return expression


def _step(command: Command, rows: Iterable[Row]) -> Iterator[Row]:
    match command:
        case Fields():
            found = _fields(command, rows)
        case Filter():
            found = _filter(command, rows)
        case Stats():
            found = _stats(command, rows)
        case Sort():
            found = _sort(command, rows)
        case Limit():
            found = _limit(command, rows)
        case Dedup():
            found = _dedup(command, rows)
        case Parse():
            found = _parse(command, rows)
    return found


def _columns(query: Query) -> tuple[str, ...]:
    """What is shown: the last `display`, else what the last `stats` made and later `fields` added, else `fields`."""
    shown: list[str] = []
    exclusive: list[str] | None = None
    summed = False
    for command in query:
        if isinstance(command, Stats):
            shown = [item.name for item in (*command.by, *command.items)]
            exclusive, summed = None, True
        elif isinstance(command, Fields):
            names = [item.name for item in command.items]
            exclusive = names if command.exclusive else exclusive
            shown = [*shown, *(name for name in names if name not in shown)]
    names = exclusive or shown or ["@timestamp", "@message"]
    return tuple(names) if summed else (*(name for name in names if name != "@ptr"), "@ptr")


def _shown(row: Row, columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
    values = ((name, row.get(name)) for name in columns)
    return tuple((name, written(value)) for name, value in values if value is not None)
