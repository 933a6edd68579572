"""An IAM policy from what is needed: statements that say why, on resources as narrow as AWS knows them.

Stage: permissions.py -> **policy** -> cli. Nothing here asks AWS.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, TypeAlias

from athena_exporter.sources.permissions import ANY, Grant, Permission, Place, Scope

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
    regions = sorted({place.region for place in grant.places})
    if scope is Scope.EVERYTHING and ANY not in regions:
        # These actions know no resources; the Region is all that they can be narrowed to.
        said["Condition"] = {"StringEquals": {"aws:RequestedRegion": regions}}
    return said


def resources(scope: Scope, grant: Grant) -> list[str]:
    """The ARNs that an action of this scope is granted on."""
    if scope is Scope.EVERYTHING:
        return [ANY]
    if scope is Scope.ROLES:
        return list(grant.roles)
    if scope in {Scope.LOG_GROUPS, Scope.LOG_STREAMS}:
        return _arns(scope, grant.logs, grant.log_groups) if grant.logs else []
    return [arn for place in grant.places for arn in _arns(scope, place, ())]


def _arns(scope: Scope, place: Place, log_groups: Sequence[str]) -> list[str]:
    def arn(service: str, resource: str) -> str:
        return f"arn:{place.partition}:{service}:{place.region}:{place.account}:{resource}"

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
