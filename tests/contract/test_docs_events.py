"""Why these tests exist: people write queries from docs/events.md; what it says must be what is sent."""

import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from log_wire import arrived, logs_client
from processes import ENVIRONMENT

import athena_testbed
from athena_exporter.accesslog import DEFAULT_GROUP
from athena_exporter.config import Config
from athena_exporter.outlets.events import ACCESS_FIELDS, GUARD_FIELDS, QUERY_FIELDS
from athena_exporter.outlets.events.fields import table_of
from athena_exporter.outlets.insights import INSIGHTS, Insight, queries_of, readers_of, tables_of

DOCUMENT = (Path(__file__).resolve().parent.parent.parent / "docs" / "events.md").read_text()


def test_it_lists_every_field_of_every_event_with_what_it_says() -> None:
    assert table_of(ACCESS_FIELDS) in DOCUMENT
    assert table_of(QUERY_FIELDS) in DOCUMENT
    assert table_of(GUARD_FIELDS) in DOCUMENT


@pytest.mark.parametrize(
    "insight", [*INSIGHTS, readers_of("sales", "orders"), tables_of("ann"), queries_of("ann")], ids=lambda one: one.name
)
def test_it_quotes_every_query_under_its_question(insight: Insight) -> None:
    assert f"{insight.question}\n\n```\n{insight.text}\n```" in DOCUMENT


def test_it_names_the_log_groups_that_are_the_defaults() -> None:
    events = Config().events
    for group in (events.table_access_group, events.queries_group):
        assert f"`{group}`" in DOCUMENT
    assert events.table_access_group == DEFAULT_GROUP


def test_its_recipe_for_applications_runs_and_its_events_arrive(tmp_path: Path) -> None:
    (recipe,) = re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    recipe = recipe.replace("/var/lib/app/access.db", str(tmp_path / "access.db"))
    with athena_testbed.running(athena_testbed.Settings(queries_per_minute=0, rates=None)) as testbed:
        environment = {**os.environ, **ENVIRONMENT, "AWS_ENDPOINT_URL": testbed.url, "AWS_DEFAULT_REGION": "eu-west-1"}
        subprocess.run([sys.executable, "-W", "error", "-c", recipe], check=True, timeout=60, env=environment)
        with closing(logs_client(testbed.url)) as client:
            tables = Counter(event["table"] for event in arrived(client, DEFAULT_GROUP))
    assert tables == {"apple": 2, "banana": 1, "orange": 1}
