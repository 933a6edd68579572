"""`make chaos`: live through the faults, then say of each how often it was done, what was seen, and what it cost.

Exit codes: 0 nothing was lost or told twice and every fault was there, 1 otherwise, 2 wrong usage or no Prometheus.
"""

import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import click
from rich.console import Console
from rich.table import Table

from chaos.faults import FAULTS
from chaos.forms import FORMS, SHORTEST, Form
from chaos.run import Result, run
from chaos.safeties import SAFETIES

_WIDE = 150


def _chosen(form: Form, faults: str) -> Form:
    """The same with these faults alone.

    Raises:
        click.BadParameter: one is none.
    """
    if not faults:
        return form
    names = [name.strip() for name in faults.split(",")]
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is no fault; there are: {', '.join(FAULTS)}", param_hint="FAULTS")
    return replace(form, faults=tuple(names))


@click.command()
@click.option("--size", type=click.Choice(list(FORMS)), default="normal", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides the company, the schedule and chance.")
@click.option("--faults", default="", help="Only these, by their names, with commas between.")
@click.option("--safety-off", type=click.Choice(list(SAFETIES)), help="Without it the run has to fail.")
@click.option("--safeties", "is_round", is_flag=True, help="Each safety off in turn, in the shortest form that fails.")
@click.option("--each", "is_each", is_flag=True, help="Each fault alone in turn, in the form of this size.")
@click.option("--verbose", is_flag=True, help="Say what is done.")
def main(
    *, size: str, seed: int, faults: str, safety_off: str | None, is_round: bool, is_each: bool, verbose: bool
) -> None:
    """Run the whole product through a seeded schedule of faults and compare everything with the account's truth."""
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        click.echo("chaos: prometheus is not on the PATH (Debian: apt-get install prometheus)", err=True)
        sys.exit(2)
    console = Console(width=_WIDE)
    if is_round:
        sys.exit(_without_each(console, prometheus, seed, verbose=verbose))
    if is_each:
        sys.exit(_each_alone(console, prometheus, FORMS[size], seed, verbose=verbose))
    form = _chosen(SHORTEST[SAFETIES[safety_off].form] if safety_off else FORMS[size], faults)
    result = _run(form, seed, prometheus, safety_off, verbose=verbose)
    _tell(console, result, seed)
    sys.exit(0 if result.is_clean else 1)


def _run(form: Form, seed: int, prometheus: str, safety_off: str | None, *, verbose: bool) -> Result:
    folder = Path(mkdtemp(prefix="athena-chaos-"))

    def say(words: str) -> None:
        if verbose:
            click.echo(f"{datetime.now(UTC):%H:%M:%S} {words}", err=True)

    result = run(form, seed, prometheus, folder, safety_off=safety_off, say=say)
    if result.is_clean or safety_off:
        shutil.rmtree(folder)
    else:
        click.echo(f"chaos: what the exporters said and left is in {folder}", err=True)
    return result


def _tell(console: Console, result: Result, seed: int) -> None:
    console.print(
        f"seed {seed}: {result.queries:,} queries, {result.deaths} deaths by SIGKILL, {result.seconds:.0f} s; "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    console.print(fault_table(result))
    console.print(check_table(result))
    if result.trouble:
        console.print(f"It did not come to an end: {result.trouble}", markup=False)
    for name in result.failed:
        for words in result.findings[name].words[:10]:
            console.print(f"{name}: {words}", markup=False)
    for name in result.unseen:
        console.print(f"{name}: was switched on, and never seen ({FAULTS[name].seen})", markup=False)


def _table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    made = Table()
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left")
    return made


def fault_table(result: Result) -> Table:
    """One row a fault."""
    made = _table(
        "fault", "how", "episodes", "seen", "what was seen", "lost", "twice",
        numbers=("episodes", "seen", "lost", "twice"),
    )  # fmt: skip  # rows
    for row in result.rows:
        fault = FAULTS[row.fault]
        made.add_row(
            row.fault, fault.how, f"{row.done:,}", f"{row.seen:,}", fault.seen, f"{row.lost:,}", f"{row.twice:,}"
        )
    return made


def check_table(result: Result) -> Table:
    """One row a check."""
    made = _table("check", "compared", "lost", "twice", "verdict", numbers=("compared", "lost", "twice"))
    for name, found in result.findings.items():
        verdict = "equal" if found.is_clean else "differs"
        made.add_row(name, f"{found.compared:,}", f"{found.lost:,}", f"{found.twice:,}", verdict)
    return made


def _each_alone(console: Console, prometheus: str, form: Form, seed: int, *, verbose: bool) -> int:
    """One run for each fault, with no other one on; 0 if each was there and nothing differs."""
    made = _table(
        "fault", "queries", "deaths", "seconds", "episodes", "seen", "lost", "twice", "checks",
        numbers=("queries", "deaths", "seconds", "episodes", "seen", "lost", "twice"),
    )  # fmt: skip  # rows
    is_right = True
    for name in FAULTS:
        result = _run(replace(form, faults=(name,)), seed, prometheus, None, verbose=verbose)
        is_right = is_right and result.is_clean
        (row,) = result.rows
        words = f"{len(result.findings)} equal" if result.is_clean else failures(result)
        made.add_row(
            name, f"{result.queries:,}", str(result.deaths), f"{result.seconds:.0f}", f"{row.done:,}", f"{row.seen:,}",
            f"{row.lost:,}", f"{row.twice:,}", words,
        )  # fmt: skip  # rows
    console.print(made)
    return 0 if is_right else 1


def _without_each(console: Console, prometheus: str, seed: int, *, verbose: bool) -> int:
    """Each safety off, and the same form with all of them on; 0 if all of the first fail, and none of the others."""
    made = _table("safety", "rule", "without it", "what fails", "lost", "twice", "with it", numbers=("lost", "twice"))
    is_right = True
    for name, safety in SAFETIES.items():
        off = _run(SHORTEST[safety.form], seed, prometheus, name, verbose=verbose)
        on = _run(SHORTEST[safety.form], seed, prometheus, None, verbose=verbose)
        is_right = is_right and on.is_clean and not off.is_clean
        lost = max((found.lost for found in off.findings.values()), default=0)
        twice = max((found.twice for found in off.findings.values()), default=0)
        made.add_row(
            name, safety.rule, safety.without, failures(off), f"{lost:,}", f"{twice:,}",
            "all equal" if on.is_clean else failures(on),
        )  # fmt: skip  # rows
    console.print(made)
    return 0 if is_right else 1


def failures(result: Result) -> str:
    """What a run failed by, in a few words."""
    trouble = [result.trouble.splitlines()[0]] if result.trouble else []
    return ", ".join([*trouble, *result.failed, *(f"{name} not seen" for name in result.unseen)]) or "nothing"


if __name__ == "__main__":
    main()
