"""The command line: the one composition root. Only here are files, the environment, clocks and AWS put together."""

import click

from athena_exporter import __version__
from athena_exporter.cli.backfill import backfill
from athena_exporter.cli.budgets import budgets
from athena_exporter.cli.checking import check
from athena_exporter.cli.completion import completion
from athena_exporter.cli.history import history
from athena_exporter.cli.notifying import notify
from athena_exporter.cli.policy import iam_policy
from athena_exporter.cli.questions import questions
from athena_exporter.cli.reading import metrics, report
from athena_exporter.cli.serving import serve
from athena_exporter.cli.usage import HELP
from athena_exporter.cli.verifying import verify


@click.group(context_settings=dict(HELP))
@click.version_option(__version__, prog_name="athena-exporter")
def main() -> None:
    """Prometheus exporter for Amazon Athena: who scans how much, in which workgroup, at what price.

    \b
    athena-exporter serve                   counts, and serves /metrics on :9989
    athena-exporter check                   what is missing, and how to mend it
    athena-exporter report users            top spenders, from the exporter's ledger
    athena-exporter budgets simulate        who would have been warned or stopped
    athena-exporter notify --test           one message to each channel
    athena-exporter backfill --from 7d      users of past queries, from a trail's files
    athena-exporter history compact         few large files instead of many small ones
    athena-exporter questions               the SQL of the query history, for Athena
    athena-exporter verify                  yesterday's ledger against CloudWatch
    athena-exporter iam-policy              the least IAM policy that it needs
    athena-exporter metrics                 every metric, as Markdown
    athena-exporter completion bash         completion for your shell

    Credentials and the Region come from the environment as for any AWS tool. Exit codes: 0 done, 1 check or verify
    found something to mend, 2 wrong usage or set-up (one line says what, where and how to mend it).
    """  # noqa: D301 - \b is click's mark for "keep these lines"


main.add_command(serve)
main.add_command(report)
main.add_command(budgets)
main.add_command(metrics)
main.add_command(check)
main.add_command(verify)
main.add_command(backfill)
main.add_command(history)
main.add_command(notify)
main.add_command(questions)
main.add_command(iam_policy)
main.add_command(completion)
