"""`athena-exporter iam-policy`: what the exporter has to be allowed, and nothing else. Never asks AWS."""

import json
import os
import re
from enum import StrEnum
from pathlib import Path

import click

from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.sessions import regions_of
from athena_exporter.cli.usage import HELP, config_option
from athena_exporter.config import Config, load
from athena_exporter.sources import grants, needs, policy
from athena_exporter.sources.permissions import Scope


class PolicyFormat(StrEnum):
    """How the policy is written."""

    JSON = "json"
    TERRAFORM = "terraform"


@click.command("iam-policy", context_settings=dict(HELP))
@config_option("The exporter's configuration; without one: the defaults.")
@click.option("--account", default="*", show_default=True, help="The account id for targets without a role.")
@click.option("--role", "role_arn", help="Print the policy of this role of a target or topic instead.")
@click.option("--guard", is_flag=True, help="Print the policy of the guard's role instead: it may stop queries.")
@click.option("--verify", is_flag=True, help="Also allow what `athena-exporter verify` asks CloudWatch.")
@click.option(
    "--report", is_flag=True, help="Also allow what `report --on athena` and `verify --on athena` ask Athena."
)
@click.option(
    "--format",
    "form",
    type=click.Choice([one.value for one in PolicyFormat]),
    default="json",
    show_default=True,
    help="An IAM policy, or Terraform's aws_iam_policy_document.",
)
@explained
def iam_policy(
    config_path: Path | None, account: str, role_arn: str | None, *, guard: bool, verify: bool, report: bool, form: str
) -> None:
    """Print the least IAM policy that a configuration needs. Never calls AWS.

    Every action that the exporter calls is granted, none that it doesn't call, on resources as narrow as AWS knows
    them; each statement's Sid says what it is for. Where targets name roles, the exporter's own identity needs
    sts:AssumeRole on them, and each role the rest: print that with --role. Queries are stopped through a role of its
    own (guard.role_arn), which may do nothing else: print its policy with --guard, before or after it is switched on.

    \b
    athena-exporter iam-policy > policy.json
    athena-exporter iam-policy --config exporter.yml --account 111122223333
    athena-exporter iam-policy --config exporter.yml --role arn:aws:iam::444455556666:role/athena-reader
    athena-exporter iam-policy --config exporter.yml --guard
    athena-exporter iam-policy --config exporter.yml --report
    athena-exporter iam-policy --format terraform > policy.tf

    Exit codes: 0 printed, 2 wrong usage or configuration.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    if re.fullmatch(r"\d{12}|\*", account, re.ASCII) is None:
        raise SetupError(f"--account: {account!r} is no account id; write its 12 digits, or * for any")
    if guard and role_arn is not None:
        raise SetupError("--guard and --role: each prints the policy of one role; give one of them")
    config = load(config_path, os.environ)
    if guard:
        grant = grants.guard_grant(config, account=account, regions=regions_of(config))
    else:
        grant = _grant(config, account, role_arn, verify=verify, report=report)
    text = policy.terraform(grant) if form == PolicyFormat.TERRAFORM else json.dumps(policy.document(grant), indent=2)
    click.echo(text.rstrip("\n"))
    for role in grant.roles:
        asks = " --report" if report and role == config.asking.role_arn else ""
        click.echo(f"athena-exporter: the role {role} needs a policy of its own: add --role {role}{asks}", err=True)
    if any(one.scope is Scope.GUARD_ROLE for one in grant.permissions):
        click.echo(f"athena-exporter: the role {grant.guard_role} needs a policy of its own: add --guard", err=True)


def _grant(config: Config, account: str, role_arn: str | None, *, verify: bool, report: bool) -> grants.Grant:
    regions = regions_of(config)
    if role_arn is None:
        return grants.own_grant(config, account=account, regions=regions, verify=verify, report=report)
    try:
        return grants.role_grant(config, role_arn, regions=regions, verify=verify, report=report)
    except ValueError as error:
        known = needs.assumed(config)
        there = f"there are {', '.join(known)}" if known else "targets[].role_arn is set nowhere"
        raise SetupError(f"--role: no target has the role {role_arn!r}; {there}") from error
