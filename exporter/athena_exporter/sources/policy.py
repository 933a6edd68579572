"""An IAM policy from what is needed: statements that say why, on resources as narrow as AWS knows them.

Stage: permissions.py -> **policy** -> cli. Nothing here asks AWS.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import Any, TypeAlias

from athena_exporter.config.sources import queue_region, queue_url_of
from athena_exporter.library import system_table
from athena_exporter.sources.grants import ANY, Grant, Place
from athena_exporter.sources.permissions import Permission, Scope

Statement: TypeAlias = dict[str, Any]
"""One statement of an IAM policy, in AWS's words."""


def document(grant: Grant) -> Statement:
    """The IAM policy that allows what `grant` says and nothing else."""
    return {"Version": "2012-10-17", "Statement": list(statements(grant))}


def statements(grant: Grant) -> Iterator[Statement]:
    """A statement for each `sid`, in the table's order."""
    for sid, members in groupby(grant.permissions, key=lambda permission: permission.sid):
        permissions = tuple(members)
        yield _statement(sid, permissions, grant)


def _statement(sid: str, permissions: Sequence[Permission], grant: Grant) -> Statement:
    scope = permissions[0].scope
    said: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [permission.action for permission in permissions],
        "Resource": resources(scope, grant),
    }
    regions = sorted({place.region for place in grant.places or (grant.asking_in,) if place is not None})
    if scope is Scope.EVERYTHING and ANY not in regions:
        # These actions know no resources; the Region is all that they can be narrowed to.
        said["Condition"] = {"StringEquals": {"aws:RequestedRegion": regions}}
    if scope is Scope.HISTORY_KEY:
        # For files in S3 alone, in whichever Region the bucket is.
        said["Condition"] = {"StringLike": {"kms:ViaService": ["s3.*.amazonaws.com"]}}
    return said


def resources(scope: Scope, grant: Grant) -> list[str]:
    """The ARNs that an action of this scope is granted on."""
    named = {
        Scope.EVERYTHING: (ANY,),
        Scope.ROLES: grant.roles,
        Scope.TOPICS: grant.topics,
        Scope.GUARD_ROLE: (grant.guard_role,) if grant.guard_role else (),
    }
    if scope in named:
        return list(named[scope])
    if scope in {Scope.LOG_GROUPS, Scope.LOG_STREAMS}:
        return _arns(scope, grant.logs, grant.log_groups) if grant.logs else []
    for scopes, arns in (
        (_OF_THE_HISTORY, _history_arns),
        (_OF_THE_TRAIL, _trail_arns),
        (_OF_QUESTIONS, _question_arns),
    ):
        if scope in scopes:
            return arns(scope, grant)
    if scope is Scope.QUEUES:
        return sorted({queue_arn(url, place) for place in grant.places for url in grant.queues})
    return [arn for place in grant.places for arn in _arns(scope, place, ())]


_OF_THE_TRAIL = frozenset({Scope.TRAIL_QUEUE, Scope.TRAIL_BUCKET, Scope.TRAIL_FILES, Scope.KEYS})


def _trail_arns(scope: Scope, grant: Grant) -> list[str]:
    """What belongs to a trail, whose bucket may be anybody's and whose key nobody has named."""
    if grant.trail is None:
        return []
    here = grant.logs or Place(account=ANY, region=ANY)
    root = "/".join(part for part in ((grant.trail.prefix or "").strip("/"), "AWSLogs/*") if part)
    match scope:
        case Scope.TRAIL_QUEUE:
            url = str(grant.trail.queue_url)
            return [queue_arn(url, replace(here, region=queue_region(url) or here.region))]
        case Scope.TRAIL_BUCKET:
            return [f"arn:{here.partition}:s3:::{grant.trail.bucket}"]
        case Scope.TRAIL_FILES:
            return [f"arn:{here.partition}:s3:::{grant.trail.bucket}/{root}"]
        case _:
            return [f"arn:{here.partition}:kms:*:*:key/*"]


_OF_THE_HISTORY = frozenset({Scope.HISTORY_BUCKET, Scope.HISTORY_FILES, Scope.HISTORY_KEY})


def _history_arns(scope: Scope, grant: Grant) -> list[str]:
    """What belongs to the query history. Its bucket may be in any account of the partition."""
    told = grant.history
    if told is None:
        return []
    if scope is Scope.HISTORY_KEY:
        return [told.kms_key] if told.kms_key else []
    here = grant.logs or Place(account=ANY, region=ANY)
    bucket = f"arn:{told.role_arn.split(':')[1] if told.role_arn else here.partition}:s3:::{told.bucket}"
    return [bucket] if scope is Scope.HISTORY_BUCKET else [f"{bucket}/{told.root}*"]


_OF_QUESTIONS = frozenset(
    {
        Scope.TABLE_WORKGROUP, Scope.TABLE_RESULTS_BUCKET, Scope.TABLE_RESULTS_FILES, Scope.ASKING_WORKGROUP,
        Scope.ASKING_CATALOGUE, Scope.ASKING_RESULTS_BUCKET, Scope.ASKING_RESULTS_FILES,
    }
)  # fmt: skip  # a set reads best in rows


def _question_arns(scope: Scope, grant: Grant) -> list[str]:
    """What questions to Athena need: the one workgroup, and the place of results that the configuration names."""
    table, asking, here = grant.system_table, grant.asking, grant.asking_in
    if table is None or asking is None or here is None:
        return []
    match scope:
        case Scope.TABLE_WORKGROUP:
            return [_workgroup_arn(place, table.workgroup) for place in grant.places]
        case Scope.ASKING_WORKGROUP:
            return [_workgroup_arn(here, asking.workgroup)]
        case Scope.ASKING_CATALOGUE:
            return _databases(here, [str(asking.database), (asking.cost_report or "").partition(".")[0]])
        case Scope.TABLE_RESULTS_BUCKET | Scope.TABLE_RESULTS_FILES:
            return [_results(table.output_location, here, files=scope is Scope.TABLE_RESULTS_FILES)]
        case _:
            return [_results(asking.output_location, here, files=scope is Scope.ASKING_RESULTS_FILES)]


def _workgroup_arn(place: Place, name: str | None) -> str:
    return f"arn:{place.partition}:athena:{place.region}:{place.account}:workgroup/{name or '*'}"


def _databases(place: Place, names: Sequence[str]) -> list[str]:
    start = f"arn:{place.partition}:glue:{place.region}:{place.account}"
    kinds = [f"{kind}/{name}{end}" for name in names if name for kind, end in (("database", ""), ("table", "/*"))]
    return [f"{start}:{kind}" for kind in ("catalog", *kinds)]


def _results(location: str | None, place: Place, *, files: bool) -> str:
    bucket, _, folder = (location or "").removeprefix("s3://").partition("/")
    return f"arn:{place.partition}:s3:::{bucket}" + (f"/{folder.rstrip('/')}/*".replace("//", "/") if files else "")


def queue_arn(url: str, place: Place) -> str:
    """The ARN of the queue with this address; its account is the place's where the address names none."""
    *_, account, name = queue_url_of(url, place.account, place.region).rsplit("/", 2)
    owner = account if account.isdigit() else place.account
    return f"arn:{place.partition}:sqs:{place.region}:{owner}:{name}"


_FEDERATED, _, _BUCKET = system_table.CATALOG.partition("/")
_INSIDE = f"{system_table.CATALOG}/{system_table.DATABASE}"
_OF_SYSTEM_TABLES: Mapping[Scope, Sequence[tuple[str, str]]] = MappingProxyType(
    {
        Scope.SYSTEM_TABLES: (("athena", "system-table/*"),),
        Scope.SYSTEM_BUCKET: (("s3tables", f"bucket/{_BUCKET}"), ("s3tables", f"bucket/{_BUCKET}/table/*")),
        # A federated catalogue is resolved from the root on.
        Scope.SYSTEM_CATALOGUE: (
            ("glue", "catalog"), ("glue", f"catalog/{_FEDERATED}"), ("glue", f"catalog/{system_table.CATALOG}"),
            ("glue", f"database/{_INSIDE}"), ("glue", f"table/{_INSIDE}/{system_table.TABLE}"),
        ),
    }
)  # fmt: skip  # a table
"""Services and resources."""


def _arns(scope: Scope, place: Place, log_groups: Sequence[str]) -> list[str]:
    def arn(service: str, resource: str) -> str:
        return f"arn:{place.partition}:{service}:{place.region}:{place.account}:{resource}"

    if scope in _OF_SYSTEM_TABLES:
        return [arn(*resource) for resource in _OF_SYSTEM_TABLES[scope]]
    match scope:
        case Scope.WORKGROUPS:
            return [arn("athena", "workgroup/*")]
        case Scope.RESERVATIONS:
            return [arn("athena", "capacity-reservation/*")]
        case Scope.CATALOGUE:
            # Glue asks for the permission on the table and on all that it lies in.
            return [arn("glue", kind) for kind in ("catalog", "database/*", "table/*/*")]
        case Scope.LOG_STREAMS:
            return [arn("logs", f"log-group:{name}:log-stream:*") for name in log_groups]
        case _:
            # Some actions on a group are checked against the name alone, some against it with `:*` behind.
            return [arn("logs", f"log-group:{name}{end}") for name in log_groups for end in ("", ":*")]


def one_statement(permission: Permission, grant: Grant) -> Statement:
    """The statement that allows this one action."""
    return _statement(permission.sid, [permission], grant)


def terraform(grant: Grant, name: str = "athena_exporter") -> str:
    """The same policy as Terraform's data source `aws_iam_policy_document`."""
    blocks = "\n".join(_block(statement) for statement in statements(grant))
    return f'data "aws_iam_policy_document" "{name}" {{\n{blocks}}}\n'


def _block(statement: Statement) -> str:
    lines = [
        f"sid       = {_quoted(statement['Sid'])}",
        f"actions   = {_list(statement['Action'])}",
        f"resources = {_list(statement['Resource'])}",
    ]
    for test, tests in statement.get("Condition", {}).items():
        for variable, values in tests.items():
            lines += ["", "condition {", f"  test     = {_quoted(test)}", f"  variable = {_quoted(variable)}",
                      f"  values   = {_list(values)}", "}"]  # fmt: skip  # as it is printed
    body = "".join(f"    {line}".rstrip() + "\n" for line in lines)
    return f"  statement {{\n{body}  }}\n"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(value) for value in values)}]"


def _quoted(value: str) -> str:
    """Terraform reads JSON's escapes, and `${` or `%{` as a template unless its first character is doubled."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
