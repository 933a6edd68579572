"""Rows as AWS might write them, and principals as ARNs name them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from source_world import TARGET

import athena_testbed
from athena_exporter.records import Kind, Mode, State
from athena_exporter.sources.identity import IdentityRules, identify
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.system_table.rows import Told, identity_record, read_row
from athena_testbed.world.identity import user_identity

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
RULES = IdentityRules.of()
PLAIN: dict[str, Any] = {
    "query_execution_id": "0a", "work_group_name": "etl", "state": "SUCCEEDED", "submission_date_time": AT,
    "completion_date_time": AT, "statement_type": "DML", "substatement_type": "SELECT",
}  # fmt: skip  # a table
ACCESSED = '[{"catalog_name": "AwsDataCatalog", "database_name": "Sales", "table_name": "Orders"}]'


def read(**cells: Any) -> tuple[Told | None, int]:
    return read_row(PLAIN | cells, target=TARGET, rules=RULES, naming=Naming())


def told(**cells: Any) -> Told:
    found, malformed = read(**cells)
    assert found is not None
    assert malformed == 0
    return found


def test_the_person_of_an_arn_is_the_person_of_cloudtrails_record() -> None:
    """But where CloudTrail knows more than the ARN: a source identity, or a person of the Identity Center."""
    with athena_testbed.running(athena_testbed.Settings(queries_per_minute=0)) as running:
        principals = [one for one in running.account.company.principals.values() if one.kind != "unknown"]
    compared = 0
    for one in principals:
        who = user_identity(one, 0)
        if "arn" not in who or "onBehalfOf" in who or "sourceIdentity" in who.get("sessionContext", {}):
            continue
        by_arn, by_record = (identify(record, RULES) for record in (identity_record(who["arn"]), {"userIdentity": who}))
        assert (by_arn.user, by_arn.role, by_arn.kind) == (by_record.user, by_record.role, by_record.kind)
        assert by_arn.user == one.label
        compared += 1
    assert compared > 40


@pytest.mark.parametrize(
    ("arn", "user", "kind"),
    [
        ("arn:aws:iam::123456789012:role/team/etl-runner", "etl-runner", Kind.ROLE),
        ("arn:aws-cn:iam::123456789012:role/alpha_user_ann", "ann", Kind.PERSON),
        ("arn:aws:iam::123456789012:user/people/ann", "ann", Kind.PERSON),
        ("arn:aws:iam::123456789012:root", "root", Kind.UNKNOWN),
        ("arn:aws:odd::thing/of/somebody", "somebody", Kind.UNKNOWN),
    ],
)
def test_an_arn_is_never_shown_whole(arn: str, user: str, kind: Kind) -> None:
    start = told(principal_arn=arn).start
    assert start is not None
    assert (start.identity.user, start.identity.kind) == (user, kind)


@pytest.mark.parametrize("arn", [None, "", 7])
def test_a_row_without_a_principal_names_nobody(arn: object) -> None:
    assert told(principal_arn=arn).start is None


def test_people_are_named_as_the_configuration_wants_it() -> None:
    naming = Naming(key=b"0123456789abcdef", rules=RULES)
    plain, _ = read_row(PLAIN | {"principal_arn": "arn:aws:iam::1:user/ann"}, target=TARGET, rules=RULES, naming=naming)
    assert plain is not None
    assert plain.start is not None
    assert plain.start.identity.user == "ann"


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (ACCESSED, [("awsdatacatalog", "sales", "orders")]),
        ('[["awsdatacatalog", "sales", "orders"]]', [("awsdatacatalog", "sales", "orders")]),
        ('[{"database_name": "sales", "table_name": "orders", "later": 1}]', [("awsdatacatalog", "sales", "orders")]),
        ('[{"database_name": "sales"}, ["x"], 7, null]', []),
        ("{}", []),
        ("no json", []),
        (None, []),
    ],
)
def test_tables_are_read_from_rows_of_either_spelling(cell: object, names: list[tuple[str, str, str]]) -> None:
    found = told(tables_accessed=cell).execution.tables
    assert [(use.catalog, use.database, use.table) for use in found] == names


@pytest.mark.parametrize(
    ("statement", "substatement", "mode"),
    [
        ("DML", "SELECT", Mode.READ),
        ("DML", "UNLOAD", Mode.READ),
        ("DML", None, Mode.READ),
        ("DML", "INSERT", Mode.METADATA),
        ("DDL", "CREATE_TABLE", Mode.DDL),
        (None, "SELECT", Mode.METADATA),
    ],
)
def test_a_table_was_read_only_if_the_statement_can_do_nothing_else(
    statement: str | None, substatement: str | None, mode: Mode
) -> None:
    cells = {"statement_type": statement, "substatement_type": substatement, "tables_accessed": ACCESSED}
    assert [use.mode for use in told(**cells).execution.tables] == [mode]


@pytest.mark.parametrize(
    "cells",
    [
        {"query_execution_id": None},
        {"query_execution_id": "no id of a query"},
        {"state": "RUNNING"},
        {"state": "???"},
        {"submission_date_time": None},
        {"completion_date_time": "yesterday"},
    ],
)
def test_a_row_that_says_too_little_is_counted_as_malformed(cells: dict[str, Any]) -> None:
    assert read(**cells) == (None, 1)


def test_figures_that_make_no_sense_are_left_out_and_counted() -> None:
    found, malformed = read(data_scanned_in_bytes=-1, total_execution_time_in_millis="long", error_category=2)
    assert found is not None
    assert (found.execution.scanned_bytes, found.execution.total_ms, malformed) == (None, None, 2)
    assert found.execution.state is State.SUCCEEDED
    assert found.execution.error is not None
    assert found.execution.error.category == 2
