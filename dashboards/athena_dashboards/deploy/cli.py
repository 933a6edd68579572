"""The commands: the one place that reads the environment, the clock and the terminal."""

import os
import secrets
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import boto3
import click
import urllib3
from botocore.exceptions import BotoCoreError
from click.core import ParameterSource

from athena_dashboards.deploy import contacts, tokens
from athena_dashboards.deploy import health as checks
from athena_dashboards.deploy import plugins as pinned
from athena_dashboards.deploy import terraform as runner
from athena_dashboards.deploy.access import Access
from athena_dashboards.deploy.errors import DeployError, masked
from athena_dashboards.deploy.grafana import Grafana
from athena_dashboards.deploy.health import Finding
from athena_dashboards.deploy.tokens import ManagedGrafana

P = ParamSpec("P")

_ROOT = Path(__file__).resolve().parents[3]
_LONGEST_MINUTES = round(tokens.LONGEST.total_seconds() / 60)
_PATIENCE_SECONDS, _PAUSE_SECONDS = 90.0, 1.0
"""How long a plug-in may take to be there after Grafana has said so, and between two looks."""


def _said(command: Callable[P, None]) -> Callable[P, None]:
    """What can go wrong, as one line and an exit code: 2 for wrong usage, else 1."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except DeployError as error:
            _tell(str(error))
            sys.exit(error.exit_code)

    return wrapped


def _access_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say which Grafana, given to the command as one `access`."""

    @wraps(command)
    def wrapped(
        *args: Any,
        grafana_url: str,
        workspace: str,
        service_account: str,
        region: str | None,
        minutes: int,
        **others: Any,
    ) -> None:
        access = Access(
            url=_address(grafana_url, workspace), auth=os.environ.get("GRAFANA_AUTH", ""), workspace=workspace,
            service_account=service_account, lifetime=timedelta(minutes=minutes), client=lambda: _client(region),
            token_name=f"athena-deploy-{secrets.token_hex(4)}", tell=_tell,
        )  # fmt: skip  # a call on a few lines
        command(*args, access=access, **others)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _address(url: str, workspace: str) -> str:
    """GRAFANA_URL of the environment may be another Grafana's, which must not be told a workspace's token."""
    source = click.get_current_context().get_parameter_source("grafana_url")
    return "" if workspace and source is ParameterSource.ENVIRONMENT else url


_UNSAID: dict[str, Any] = {"show_default": False, "show_envvar": True}
_OPTIONS = (
    click.option("--workspace", metavar="ID", default="", envvar="ATHENA_GRAFANA_WORKSPACE", **_UNSAID,
                 help="The workspace of Amazon Managed Grafana (g-...): a token is made for the purpose, and deleted."),
    click.option("--grafana-url", metavar="URL", default="", envvar="GRAFANA_URL", **_UNSAID,
                 help="A Grafana of your own, with GRAFANA_AUTH in the environment; or the workspace's other address."),
    click.option("--service-account", metavar="ID", default="", **_UNSAID,
                 help="Whose token it is.  [default: the administrator with a name that ends with -deploy]"),
    click.option("--region", metavar="REGION", default=None, envvar="AWS_REGION", **_UNSAID,
                 help="The workspace's Region."),
    click.option("--minutes", type=click.IntRange(1, _LONGEST_MINUTES), default=15, show_default=True,
                 help="How long the token lives if nobody deletes it."),
)  # fmt: skip  # a table


def _client(region: str | None) -> ManagedGrafana:
    """boto3's client.

    Raises:
        DeployError: there is no Region, or what AWS's configuration says can't be read.
    """
    try:
        made: ManagedGrafana = boto3.Session(region_name=region).client("grafana")
    except BotoCoreError as error:
        raise DeployError(f"no client for AWS: {error}; --region eu-west-1, or AWS_REGION") from error
    return made


def _tell(line: str) -> None:
    """One line on standard error."""
    click.echo(f"deploy: {_masked(line)}", err=True)


def _masked(line: str) -> str:
    """What a Grafana, or who stands before it, repeats of a secret of ours is not repeated here."""
    told = click.get_current_context().params.get("told") or ()
    return masked(line, os.environ, [each.rpartition(":")[2] for each in told])


def _wait(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


@click.group(context_settings={"show_default": True, "max_content_width": 118})
def main() -> None:
    """Put dashboards and alert rules into a Grafana with terraform, and see whether they work.

    \b
    Amazon Managed Grafana, with AWS's credentials in the environment:
      python -m athena_dashboards.deploy apply --workspace g-0123456789
    A Grafana of your own:
      GRAFANA_URL=https://grafana.example.org GRAFANA_AUTH=user:password python -m athena_dashboards.deploy apply
    Where terraform is run by something else (Atlantis, a pipeline), the parts, around its own plan and apply:
      eval "$(python -m athena_dashboards.deploy token --workspace g-0123456789)"
      python -m athena_dashboards.deploy plugins
      python -m athena_dashboards.deploy health

    No key is ever an option, a variable of terraform or in its state: keys are in the environment, for minutes.
    """  # noqa: D301  click's mark for lines that stay as they are


@main.command()
@_access_options
@_said
def token(access: Access) -> None:
    """Make a short-lived token, and print it as lines for a shell: eval "$(... token --workspace ID)".

    It takes the permissions that the stack grafana-workspace prints as deploy_policy_json.
    """
    made = access.token()
    click.echo(f"export GRAFANA_URL={shlex.quote(access.url or made.url)}")
    click.echo(f"export GRAFANA_AUTH={shlex.quote(made.key)}")
    _tell(
        f"token {made.name} ({made.id}) of {made.workspace} ends by itself in "
        f"{round(access.lifetime.total_seconds() / 60)} minutes"
    )


_PLUGIN = click.option(
    "--plugin", "chosen", metavar="ID[=VERSION]", multiple=True,
    help="Only this one, or this version; may be repeated.  [default: all that are pinned]",
)  # fmt: skip  # a table
_UID = click.option(
    "--data-source", "uids", metavar="UID", multiple=True,
    help=f"Ask this one; may be repeated.  [default: {', '.join(checks.DATA_SOURCES)}]",
)  # fmt: skip  # as above
_NAME = click.option(
    "--contact-point", "names", metavar="NAME", multiple=True,
    help=f"Send a test alert there; may be repeated.  [default: {', '.join(checks.CONTACT_POINTS)}]",
)  # fmt: skip  # as above
_TEST_ALERT = click.option("--test-alert/--no-test-alert", default=True, help="Whether people get a test alert.")


@main.command()
@_PLUGIN
@_access_options
@_said
def plugins(access: Access, chosen: tuple[str, ...]) -> None:
    """Install the data sources' plug-ins at the pinned versions, and say what is installed."""
    with access.open(urllib3.PoolManager()) as grafana:
        _plugins(grafana, chosen)


def _plugins(grafana: Grafana, chosen: Iterable[str]) -> None:
    version = grafana.version()
    wanted = pinned.pins(version, chosen)
    _tell(f"{grafana.url} is Grafana {version}: {len(wanted)} plug-ins to have")
    for one in pinned.install(grafana, wanted, _wait):
        click.echo(_masked(str(one)))


@main.command()
@_UID
@_NAME
@_TEST_ALERT
@_access_options
@_said
def health(access: Access, uids: tuple[str, ...], names: tuple[str, ...], *, test_alert: bool) -> None:
    """Ask every data source whether it works, then send a test alert through every contact point.

    Exit code 1 if anything does not.
    """
    with access.open(urllib3.PoolManager()) as grafana:
        _health(grafana, uids or checks.DATA_SOURCES, (names or checks.CONTACT_POINTS) if test_alert else ())


def _health(grafana: Grafana, uids: Iterable[str], names: Iterable[str]) -> None:
    found: list[Finding] = []
    for findings in (checks.data_sources(grafana, uids), checks.contact_points(grafana, sorted(set(names)))):
        for one in findings:
            click.echo(_masked(str(one)))
            found.append(one)
    checks.demand(found)


_REPLACE = click.option(
    "--replace/--no-replace", default=False, help="Whether what others have made in these contact points is removed."
)


@main.command("contact-points")
@click.argument("told", metavar=f"{contacts.FORM}...", nargs=-1, required=True)
@_REPLACE
@_access_options
@_said
def contact_points(access: Access, told: tuple[str, ...], *, replace: bool) -> None:
    """Make contact points whose addresses are secrets, before terraform's rules name them: no state knows the secret.

    \b
    ATHENA_ALERT_SLACK_URL=... ATHENA_ALERT_PAGERDUTY_KEY=... \\
      python -m athena_dashboards.deploy contact-points athena-page=pagerduty athena-ticket=slack athena-digest=slack
    Each channel has its variable of the environment; `athena-page=slack:PAGE_ROOM` names another one. The stack
    content is told with existing_contact_points = { athena-page = "athena-page", ... }.
    """  # noqa: D301  as above
    wanted = contacts.wanted(told, os.environ)
    with access.open(urllib3.PoolManager()) as grafana:
        for line in contacts.make(grafana, wanted, replace=replace):
            click.echo(line)


@main.command(context_settings={"ignore_unknown_options": True})
@click.option("--stack", type=click.Path(path_type=Path, file_okay=False), default=runner.default_stack(_ROOT),
              help="The stack of the content.")  # fmt: skip  # a table
@click.option("--terraform", "program", metavar="PROGRAM", default="terraform", help="terraform itself.")
@click.option("--plugins/--no-plugins", "with_plugins", default=True, help="Whether plug-ins are looked after.")
@click.option("--contact-point", "told", metavar=contacts.FORM, multiple=True,
              help="Make this one before, as the command contact-points does; may be repeated.")  # fmt: skip  # a table
@_REPLACE
@_TEST_ALERT
@_access_options
@click.argument("arguments", metavar="[TERRAFORM'S ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
@_said
def apply(
    access: Access, stack: Path, program: str, arguments: tuple[str, ...], told: tuple[str, ...],
    *, with_plugins: bool, replace: bool, test_alert: bool,
) -> None:  # fmt: skip  # a signature on a few lines
    """Token, plug-ins, contact points, terraform init and apply, health; then the token is deleted, also after Ctrl-C.

    Arguments that are not options above go to terraform apply: -auto-approve, -var-file=prod.tfvars, a saved plan.
    Without -auto-approve terraform shows its plan and asks.
    """
    wanted = contacts.wanted(told, os.environ)
    with runner.sigterm_interrupts(), access.open(urllib3.PoolManager()) as grafana:
        if with_plugins:
            _tell("1/4 plug-ins")
            _plugins(grafana, ())
        for line in contacts.make(grafana, wanted, replace=replace) if wanted else ():
            click.echo(line)
        terraform = runner.Terraform(
            program=program, stack=stack, environment=runner.environment(grafana.url, grafana.auth, os.environ)
        )
        _tell(f"2/4 terraform init in {stack}")
        terraform.run("init", "-input=false")
        _tell("3/4 terraform apply")
        terraform.run("apply", *arguments)
        _tell("4/4 health")
        made = terraform.output()
        names = made["contact_points"].values() if test_alert else ()
        _health(grafana, made["data_source_uids"], names)
