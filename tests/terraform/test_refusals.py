"""What is wrong in a variable is refused at plan, with a sentence that mends it: one case, at least, for each sentence.

The variables of a module are planned without its resources, so without the provider: all cases in one plan.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from terraforming import MODULES, Terraform

pytestmark = [pytest.mark.process, pytest.mark.terraform]

WORKSPACE = "arn:aws:aps:eu-west-2:123456789012:workspace/ws-0123abcd"
STORE = {"workspace_arn": WORKSPACE, "remote_write_url": "https://aps.example/workspaces/ws-1/api/v1/remote_write"}
ROLE = "arn:aws:iam::123456789012:role/grafana"
KEY = "arn:aws:kms:eu-west-2:123456789012:key/0123abcd"
AUDIT = {"workgroup": "w", "database": "d", "trail_bucket": "trail", "results_bucket": "results"}

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "exporter": {
        "metrics_store": STORE,
        "image": "registry.example/athena-exporter:1.0.0",
        "vpc_id": "vpc-0123",
        "subnet_ids": ["subnet-0123"],
    },
    "athena-workgroups": {"workgroups": {"dbt": {"cutoff_bytes": 2**30}}, "results_bucket": "results"},
    "grafana-read-role": {"trusted_role_arns": [ROLE], "external_id": "grafana-0123", "workspace_arn": WORKSPACE},
}
"""What a module can't be planned without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Variables that one sentence refuses. The sentence is told by its beginning."""

    module: str
    refused: str
    given: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.module} {json.dumps(self.given)[:60]}"

    def variables(self) -> dict[str, Any]:
        return {**NEEDED.get(self.module, {}), **self.given}


def cases(module: str, *told: tuple[str, dict[str, Any]]) -> list[Case]:
    return [Case(module=module, refused=refused, given=given) for refused, given in told]


def workgroup(**changed: Any) -> dict[str, Any]:
    return {"workgroups": {"dbt": {"cutoff_bytes": 2**30, **changed}}}


REFUSED = [
    *cases(
        "metrics-store",
        ("name has to begin", {"name": "Athena"}),
        ("retention_days has to be", {"retention_days": 1096}),
        ("retention_days has to be", {"retention_days": 1.5}),
        ("kms_key_arn has to be", {"kms_key_arn": "alias/metrics"}),
        ("log_retention_days has to be", {"log_retention_days": 31}),
        ("reader_principal_arns has to hold", {"reader_principal_arns": ["arn:aws:iam::123456789012:root"]}),
        ("reader_principal_arns has to hold", {"reader_principal_arns": ["arn:aws:iam::12345:role/grafana"]}),
    ),
    *cases(
        "event-logs",
        ("table_access_group has to be", {"table_access_group": "who reads what"}),
        ("queries_group has to be", {"queries_group": "aws/queries"}),
        ("queries_group has to differ", {"queries_group": "/athena-observability/table-access"}),
        ("retention_days has to be", {"retention_days": 366}),
        ("create_kms_key and kms_key_arn exclude", {"create_kms_key": True, "kms_key_arn": KEY}),
        ("kms_key_arn has to be", {"kms_key_arn": "0123abcd"}),
    ),
    *cases(
        "events",
        ("name has to begin", {"name": "1st"}),
        ("event_routes knows", {"event_routes": ["stops"]}),
        ("event_routes and access_events are empty", {"event_routes": []}),
        ("access_events knows the services", {"access_events": {"s3": ["GetObject"]}}),
        ("access_events.glue knows", {"access_events": {"glue": ["CreateTable"]}}),
        ("access_events.lakeformation knows", {"access_events": {"lakeformation": ["GrantPermissions"]}}),
        ("access_events names a service without", {"access_events": {"glue": []}}),
        ("trail.bucket has to be", {"trail": {"bucket": "s3://trail/AWSLogs"}}),
        ("trail.prefix has neither", {"trail": {"bucket": "trail", "prefix": "/logs/"}}),
        ("trail.bucket_account_id has to be", {"trail": {"bucket": "trail", "bucket_account_id": "1234567890"}}),
        (
            "trail.topic_arn has to be",
            {"trail": {"bucket": "trail", "topic_arn": "arn:aws:sqs:eu-west-2:123456789012:q"}},
        ),
        ("trail.kms_key_arn has to be", {"trail": {"bucket": "trail", "kms_key_arn": "alias/trail"}}),
        (
            "trail.set_bucket_notification is for",
            {"trail": {"bucket": "trail", "bucket_account_id": "444455556666", "set_bucket_notification": True}},
        ),
        ("kms_key_arn has to be", {"kms_key_arn": "alias/aws/sqs"}),
        ("max_receives has to be", {"max_receives": 1}),
        ("retention_days has to be", {"retention_days": 14}),
    ),
    *cases(
        "audit-trail",
        ("name has to begin", {"name": "a-name-that-is-too-long-for-a-bucket"}),
        ("existing_trail_bucket.name has to be", {"existing_trail_bucket": {"name": "arn:aws:s3:::trail"}}),
        ("existing_trail_bucket.prefix has neither", {"existing_trail_bucket": {"name": "trail", "prefix": "logs/"}}),
        (
            "existing_trail_bucket.organization_id has to",
            {"existing_trail_bucket": {"name": "trail", "organization_id": "123456789012"}},
        ),
        ("existing_trail_bucket.kms_key_arn has to", {"existing_trail_bucket": {"name": "trail", "kms_key_arn": "a"}}),
        ("account_ids has to hold", {"account_ids": ["12345"], "existing_trail_bucket": {"name": "trail"}}),
        ("account_ids needs existing_trail_bucket", {"account_ids": ["123456789012"]}),
        ("regions has to hold", {"regions": ["london"]}),
        ("first_day has to be", {"first_day": "2024-01-01"}),
        ("first_day has to be", {"first_day": "2024/13/01"}),
        ("cutoff_bytes has to be", {"cutoff_bytes": 9999999}),
        ("cutoff_bytes has to be", {"cutoff_bytes": 10000000}),
        ("trail_retention_days has to be", {"trail_retention_days": 30}),
        ("results_retention_days has to be", {"results_retention_days": 0}),
        ("kms_key_arn has to be", {"kms_key_arn": "alias/trail"}),
    ),
    *cases(
        "athena-workgroups",
        ("workgroups is empty", {"workgroups": {}}),
        ("workgroups: a name has", {"workgroups": {"air flow": {"cutoff_bytes": 2**30}}}),
        ("workgroups: `primary` is", {"workgroups": {"primary": {"cutoff_bytes": 2**30}}}),
        ("workgroups: cutoff_bytes has to be", workgroup(cutoff_bytes=9999999)),
        ("workgroups: every workgroup needs a bucket", {"results_bucket": None}),
        ("workgroups: folder has neither", workgroup(folder="/dbt")),
        ("workgroups: one that doesn't enforce", workgroup(enforce=False)),
        ("results_bucket has to be", {"results_bucket": "s3://results"}),
        ("results_prefix has neither", {"results_prefix": "results/"}),
        ("engine_version has to be", {"engine_version": "3"}),
        ("component_tag has to be", {"component_tag": "aws:component"}),
        ("kms_key_arn has to be", {"kms_key_arn": "alias/results"}),
    ),
    *cases(
        "grafana-read-role",
        ("name has to be", {"name": "grafana read"}),
        ("trusted_role_arns is empty", {"trusted_role_arns": []}),
        ("trusted_role_arns has to hold", {"trusted_role_arns": ["arn:aws:iam::12345678901:role/grafana"]}),
        ("trusted_role_arns has to hold", {"trusted_role_arns": ["*"]}),
        ("external_id has to have", {"external_id": "123456789012"}),
        ("external_id has to have", {"external_id": "short"}),
        ("workspace_arn has to be", {"workspace_arn": "ws-0123abcd"}),
        ("cloudwatch is false", {"cloudwatch": False, "workspace_arn": None}),
        ("cloudwatch_regions has to hold", {"cloudwatch_regions": ["*"]}),
        ("log_group_arns has to hold", {"log_group_arns": ["arn:aws:logs:eu-west-2:123456789012:log-group:/a:*"]}),
        ("lake_formation is for", {"lake_formation": True}),
        ("max_session_seconds has to be", {"max_session_seconds": 900}),
        ("policies has to hold", {"policies": {"history": "read everything"}}),
    ),
    *cases(
        "history",
        ("name has to begin", {"name": "a-name-that-is-too-long-for-a-bucket"}),
        ("prefix has to be", {"prefix": ""}),
        ("prefix has to be", {"prefix": "/athena-history/"}),
        ("prefix has to be", {"prefix": "athena-history"}),
        ("prefix has to be", {"prefix": "results/history/"}),
        ("first_day has to be", {"first_day": "2024/01/01"}),
        ("first_day has to be", {"first_day": "2026-02-30"}),
        ("retention_days has to be", {"retention_days": 7}),
        ("results_retention_days has to be", {"results_retention_days": 0}),
        ("cutoff_bytes has to be", {"cutoff_bytes": 9999999}),
        ("cloudtrail.database and cloudtrail.table", {"cloudtrail": {"database": "a b", "table": "c"}}),
        ("writer_role_arns has to hold", {"writer_role_arns": ["arn:aws:iam::444455556666:root"]}),
        ("kms_key_arn has to be", {"kms_key_arn": "alias/history"}),
    ),
    *cases(
        "exporter",
        ("name has to begin", {"name": "Exporter"}),
        ("configuration has to be an object", {"configuration": "sources: {}"}),
        ("configuration.ledger has a path", {"configuration": {"ledger": {"path": "/tmp/ledger.db"}}}),
        ("configuration.events.create_groups", {"configuration": {"events": {"create_groups": True}}}),
        ("configuration.aws.endpoint_url", {"configuration": {"aws": {"endpoint_url": "http://127.0.0.1:9988"}}}),
        ("configuration.targets: role_arn", {"configuration": {"targets": [{"role_arn": "reader"}]}}),
        ("files: a name has", {"files": {"folder/budgets.yml": ""}}),
        ("files: a name has", {"files": {"exporter.yml": ""}}),
        ("secrets has to hold", {"secrets": {"SLACK": "https://hooks.example/secret"}}),
        ("secrets_kms_key_arns has to hold", {"secrets_kms_key_arns": ["alias/secrets"]}),
        ("metrics_store.workspace_arn has to be", {"metrics_store": {**STORE, "workspace_arn": "ws-0123abcd"}}),
        ("metrics_store.remote_write_url has to", {"metrics_store": {**STORE, "remote_write_url": "http://aps/api"}}),
        ("scrape_seconds has to be", {"scrape_seconds": 120}),
        ("external_labels: a label has", {"external_labels": {"region": "eu-west-2"}}),
        ("vpc_id has to look", {"vpc_id": "default"}),
        ("subnet_ids is empty", {"subnet_ids": []}),
        ("subnet_ids has to hold", {"subnet_ids": ["eu-west-2a"]}),
        ("egress_cidrs has to hold", {"egress_cidrs": []}),
        ("egress_cidrs has to hold", {"egress_cidrs": ["0.0.0.0"]}),
        ("cluster_arn has to be", {"cluster_arn": "default"}),
        ("image is wanted unless", {"image": None}),
        ("image has to name a tag", {"image": "registry.example/athena-exporter:latest"}),
        ("image has to name a tag", {"image": "registry.example/athena-exporter"}),
        ("image_tag belongs to", {"image_tag": "1.0.0"}),
        ("image_tag has to be", {"image": None, "create_repository": True, "image_tag": "latest"}),
        ("agent_image has to name", {"agent_image": "prom/prometheus:latest"}),
        ("cpu has to be", {"cpu": 128, "memory": 512}),
        ("memory has to be", {"cpu": 256, "memory": 4096}),
        ("efs_kms_key_arn has to be", {"efs_kms_key_arn": "alias/efs"}),
        ("efs_throughput_mode has to be", {"efs_throughput_mode": "provisioned"}),
        ("log_retention_days has to be", {"log_retention_days": 10}),
        ("log_kms_key_arn has to be", {"log_kms_key_arn": "alias/logs"}),
        ("task_policies has to hold", {"task_policies": {"queues": "allow everything"}}),
        ("guard_role.external_id has to have", {"guard_role": {"external_id": "short"}}),
        ("guard_role.workgroups is empty", {"guard_role": {"external_id": "guard-0123", "workgroups": []}}),
        (
            "configuration.guard.role_arn and guard_role",
            {"guard_role": {"external_id": "guard-0123"}, "configuration": {"guard": {"role_arn": ROLE}}},
        ),
        ("trail_kms_key_arns has to hold", {"trail_kms_key_arns": ["alias/trail"]}),
        ("topic_kms_key_arn has to be", {"topic_kms_key_arn": "alias/aws/sns"}),
    ),
]
"""Each sentence of each module at least once."""
MENDS = re.compile(
    r"has to|have to|leave|[Ss]et |name |let |knows|needs|belongs|exclude|has neither|a (name|label) has|is for"
)
"""A sentence says what is wanted, or what to do."""
SENTENCES = {
    module: re.findall(r'error_message = "((?:[^"\\]|\\.)*)"', (MODULES / module / "variables.tf").read_text("utf-8"))
    for module in dict.fromkeys(case.module for case in REFUSED)
}


def root_of(told: Mapping[int, Case]) -> str:
    """A root that gives each case to the variables of its module."""
    lines = []
    for number, case in told.items():
        given = "".join(
            f"\n  {name} = jsondecode({json.dumps(json.dumps(value))})" for name, value in case.variables().items()
        )
        lines.append(f'module "case_{number}" {{\n  source = "./{case.module}"{given}\n}}\n')
    return "\n".join(lines)


def refused_by(terraform: Terraform, root: str, told: Mapping[int, Case]) -> dict[int, list[str]]:
    """Number of the case -> the sentences that refuse it, in one plan of them all."""
    folder = terraform.tree / root
    for module in SENTENCES:
        (folder / module).mkdir(parents=True)
        (folder / module / "variables.tf").write_bytes((MODULES / module / "variables.tf").read_bytes())
    text = root_of(told)
    (folder / "main.tf").write_text(text, encoding="utf-8")
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("module ")]
    found: dict[int, list[str]] = defaultdict(list)
    for one in terraform.refusals(root):
        if one.severity == "error":
            assert one.file == "main.tf", one
            assert one.line is not None, one
            found[list(told)[sum(start <= one.line for start in starts) - 1]].append(one.detail)
    return found


@pytest.fixture(scope="module")
def refusals(terraform: Terraform) -> Mapping[int, list[str]]:
    """Number of the case -> the sentences that refuse it; behind them, for each module, one that nothing refuses."""
    told = dict(enumerate([*REFUSED, *(Case(module=module, refused="") for module in SENTENCES)]))
    found = refused_by(terraform, "refusals", told)
    # What speaks of two variables is asked only once nothing that speaks of one has been refused.
    rest = {number: case for number, case in told.items() if number not in found}
    return {**found, **refused_by(terraform, "more-refusals", rest)}


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[str(case) for case in REFUSED])
def test_it_is_refused_with_its_sentence(number: int, refusals: Mapping[int, list[str]]) -> None:
    case = REFUSED[number]
    assert [detail for detail in refusals.get(number, []) if detail.startswith(case.refused)], refusals.get(number)


@pytest.mark.parametrize("module", SENTENCES)
def test_what_is_needed_alone_is_not_refused(module: str, refusals: Mapping[int, list[str]]) -> None:
    assert refusals.get(len(REFUSED) + list(SENTENCES).index(module), []) == []


@pytest.mark.parametrize("module", SENTENCES)
def test_every_sentence_has_a_case(module: str) -> None:
    told = [case.refused for case in REFUSED if case.module == module]
    assert SENTENCES[module]
    assert [one for one in SENTENCES[module] if not one.startswith(tuple(told))] == []


@pytest.mark.parametrize("module", SENTENCES)
def test_a_sentence_says_how_to_mend_it(module: str) -> None:
    for sentence in SENTENCES[module]:
        assert sentence.endswith("."), sentence
        assert re.search(MENDS, sentence), sentence
