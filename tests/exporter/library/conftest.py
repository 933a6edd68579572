"""The company's weeks as files, once for all tests of the library, and DuckDB over them."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from athena_on_duckdb import Engine
from history_files import Written, written
from history_truth import Case

from athena_exporter.library.questions import Backend


@pytest.fixture(scope="package")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="package")
def engine(weeks: Written) -> Iterator[Engine]:
    with closing(Engine(weeks.folder)) as engine_:
        yield engine_


@pytest.fixture(params=[Backend.HISTORY, Backend.CLOUDTRAIL])
def case(request: pytest.FixtureRequest, engine: Engine, weeks: Written) -> Case:
    """Each backend over the exporter's files, and what it knows of the weeks."""
    trail = request.param is Backend.CLOUDTRAIL
    known = tuple(one.of_trail() for one in weeks.known) if trail else weeks.known
    return Case(engine=engine, backend=request.param, known=known)
