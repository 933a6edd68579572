"""Which job a query belongs to: what tools write into SQL comments, into their user agent, into their session's name.

Stage: sql.py, starts.py -> **workloads** -> records. Only names that a job keeps from run to run: never a run's id.
What a comment says is its writer's word and proves nothing.

| tool | where | workload |
| --- | --- | --- |
| dbt | a comment of JSON with `node_id` | `dbt:model.shop.orders` |
| Airflow and OpenLineage | a comment of JSON or of `key=value` with `dag_id` and `task_id` | `airflow:nightly.load` |
| Metabase | `Metabase:: userID: 7 queryType: ...` | `metabase:user 7` |
| Redash | `Username: jane, query_id: 12, ...` | `redash:jane` |
| QuickSight | `QuickSight <uuid>` | `quicksight:<uuid>` |
| Airflow | user agent `Caller/<operator> DagRunKey/<a hash of the DAG's id>` | `airflow:<operator>/<hash>` |
| Lambda | user agent `exec-env/AWS_Lambda_...`; the session is named after the function | `lambda:<function>` |
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote

from athena_exporter.sources.clients import LONGEST_AGENT
from athena_exporter.sources.identity import session_of
from athena_exporter.sources.skeleton import comments
from athena_exporter.sources.text import clean

MOST_COMMENTS = 20
"""Comments of a statement that are looked at."""
LONGEST_COMMENT = 8192
"""Characters of a comment that are looked at."""

_Person: TypeAlias = Callable[[str], str]
_Says: TypeAlias = Callable[[str, _Person], str | None]

_METABASE = re.compile(r"\bMetabase::\s*userID:\s*(\d{1,12})\b")
_REDASH_MORE = r"(?=.{0,200}\b(?:query[ _]id|queue|query hash):)"
_REDASH = re.compile(rf"\A\s*Username:\s*([^,]{{1,256}}),{_REDASH_MORE}", re.IGNORECASE | re.DOTALL)
_REDASH_QUERY = re.compile(rf"\bquery[ _]id:\s*(\w{{1,64}})\s*,{_REDASH_MORE}", re.IGNORECASE | re.DOTALL)
_QUICKSIGHT = re.compile(r"\A\s*QuickSight\s+([0-9a-f]{8}-[0-9a-f-]{27})\b", re.IGNORECASE)
_PAIR = re.compile(
    r"\b(dag_id|task_id)\s*[=:]\s*(?:'([^']{1,256})'|\"([^\"]{1,256})\"|([\w.%@/-]{1,256}))", re.IGNORECASE
)
_OPERATOR = re.compile(r"\bAirflow/.*?\bCaller/([\w.]{1,100})(?:\s+DagRunKey/([0-9a-f-]{36}))?")
_NO_DAG = "00000000-0000-0000-0000-000000000000"
_LAMBDA = re.compile(r"\bexec-env/AWS_Lambda_")
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")


def workload_of_sql(sql: str, *, person: _Person = str) -> str | None:
    """The job that a statement's comments tell, by the first comment that tells one. Never raises.

    Args:
        sql: the statement.
        person: how the name of a person is written down.
    """
    if "--" not in sql and "/*" not in sql:
        return None
    looked_at = (comment[:LONGEST_COMMENT] for comment in itertools.islice(comments(sql), MOST_COMMENTS))
    said = (says(comment, person) for comment in looked_at for says in _COMMENTS)
    return clean(next(filter(None, said), None))


def workload_of_record(record: Mapping[str, Any]) -> str | None:
    """The job that a CloudTrail record's user agent or session tells. Never raises."""
    agent = record.get("userAgent")
    if not isinstance(agent, str):
        return None
    agent = agent[:LONGEST_AGENT]
    if "Caller/" in agent and (found := _OPERATOR.search(agent)):  # most agents have none, and the search is long
        dag = found.group(2)
        return clean(f"airflow:{found.group(1)}" + (f"/{dag}" if dag and dag != _NO_DAG else ""))
    if _LAMBDA.search(agent):
        session = session_of(record) or ""
        return f"lambda:{session}" if _FUNCTION.fullmatch(session) else None
    return None


def _structured(comment: str, _: _Person) -> str | None:
    """Dbt's and Airflow's: an object of JSON, with or without further comment marks around it."""
    start, end = comment.find("{"), comment.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        said = json.loads(comment[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return _of_keys(said) if isinstance(said, dict) else None


def _of_keys(said: Mapping[str, object]) -> str | None:
    node, dag, task = (_word(said.get(key)) for key in ("node_id", "dag_id", "task_id"))
    if node:
        return f"dbt:{node}"
    return _airflow(dag, task)


def _word(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


def _airflow(dag: str | None, task: str | None) -> str | None:
    return f"airflow:{'.'.join(part for part in (dag, task) if part)}" if dag else None


def _pairs(comment: str, _: _Person) -> str | None:
    """`dag_id=nightly, task_id=load`, as query tags and sqlcommenter write them."""
    said = {
        found.group(1).lower(): unquote(next(filter(None, found.groups()[1:]))) for found in _PAIR.finditer(comment)
    }
    return _airflow(_word(said.get("dag_id")), _word(said.get("task_id")))


def _metabase(comment: str, person: _Person) -> str | None:
    found = _METABASE.search(comment)
    return f"metabase:user {person(found.group(1))}" if found else None


def _redash(comment: str, person: _Person) -> str | None:
    if found := _REDASH.search(comment):
        return f"redash:{person(found.group(1).strip())}"
    found = _REDASH_QUERY.search(comment)
    return f"redash:query {found.group(1)}" if found else None


def _quicksight(comment: str, _: _Person) -> str | None:
    found = _QUICKSIGHT.search(comment)
    return f"quicksight:{found.group(1).lower()}" if found else None


_COMMENTS: Sequence[_Says] = (_structured, _pairs, _metabase, _redash, _quicksight)
