"""`athena-exporter notify --test`: one message to each channel that says of itself that it is a test."""

import os
import uuid
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.cli.channels import channels_named, people_of, place_of_channel, sender_of
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.cli.usage import HELP, config_option
from athena_exporter.config import Channel, Config, load
from athena_exporter.outlets.notifications import ChannelError, message_of, trial
from athena_exporter.sources import errors


@click.command(context_settings=dict(HELP))
@click.argument("names", nargs=-1, metavar="[CHANNEL]...")
@config_option("The exporter's configuration, for its channels.")
@click.option("--test", "is_test", is_flag=True, help="Yes, send: people will read it.")
@click.pass_context
@explained
def notify(ctx: click.Context, names: tuple[str, ...], config_path: Path | None, *, is_test: bool) -> None:
    """Send one message to each channel of notifications, or to those named, that says of itself that it is a test.

    Goes the way of a real message: the same form, address, proxy, certificates and role. The ledger is not needed, and
    not touched. What people are told of budgets, the running exporter sends.

    \b
    athena-exporter notify --test --config exporter.yml
    athena-exporter notify --test --config exporter.yml ops team-bi

    Exit codes: 0 every channel took it, 1 one did not, 2 wrong usage or configuration.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    if not is_test:
        raise SetupError("notify: add --test; it sends a message that people will read, marked as a test")
    config = load(config_path, os.environ)
    people_of(config)
    channels = channels_named(config, names)
    if not channels:
        raise SetupError("there is no channel to test: notifications.sns and notifications.webhooks are empty")
    failed = [channel for channel in channels if not _tried(config, channel)]
    ctx.exit(1 if failed else 0)


def _tried(config: Config, channel: Channel) -> bool:
    """Send, and say what came of it."""
    notice = trial(place_of_channel(config, channel), f"test-{uuid.uuid4().hex}", CLOCKS.now())
    sender, close = sender_of(config, channel)
    try:
        sender.send(message_of(notice, (), config.notifications.console_url))
    except (ClientError, BotoCoreError) as error:
        click.echo(f"athena-exporter: {channel.name}: {errors.explain(error)}", err=True)
        return False
    except ChannelError as error:
        click.echo(f"athena-exporter: {str(error).removesuffix('; it is tried again')}", err=True)
        return False
    finally:
        close()
    click.echo(f"{channel.name}: sent, {notice.notice_id}")
    return True
