"""The README shows what the product says: its output is made here, by the demo's account and the real pipeline."""

import io
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
import yaml
from rich.console import Console
from source_world import REGION, TARGET, Hand, session_with

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import main as exporter
from athena_exporter.cli import wiring
from athena_exporter.config import Config, load, table
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.report import REPORTS
from athena_exporter.poller import Clocks, Poller
from athena_exporter.telemetry import Telemetry
from athena_testbed.__main__ import main as account_command
from athena_testbed.demo import parts, screen
from athena_testbed.demo.figures import Figures, dearest, read
from athena_testbed.demo.ports import Address

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
A_FRIDAY = datetime(2026, 3, 27, 15, 20, tzinfo=UTC)
SHOWN_AFTER = timedelta(seconds=30)
STEP = timedelta(seconds=1)
SHOWN_ROWS = 6


class Page:
    """Keeps what would be served."""

    text = ""

    def publish(self, text: bytes, front: bytes) -> None:
        del front  # the page for people has tests of its own
        self.text = text.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the demo's exporter has said."""

    page: str
    figures: Figures


def demo_settings(now: datetime) -> athena_testbed.Settings:
    """The account of `make demo`, as its command line describes it."""
    command = parts.testbed_command(Address(port=1, wanted=1), now)
    arguments = command[command.index("athena_testbed") + 1 :]
    given = account_command.make_context("athena-testbed", arguments).params
    fields = athena_testbed.Settings.__dataclass_fields__.keys()
    known = {name: value for name, value in given.items() if name in fields}
    return replace(athena_testbed.Settings(), **{**known, "rhythm": athena_testbed.Rhythm(given["rhythm"])})


def demo_configuration(folder: Path) -> Config:
    """The exporter's configuration of `make demo`."""
    path = folder / "exporter.yml"
    text = parts.exporter_configuration(folder / "ledger.db", Address(port=1, wanted=1), parts.Guard.OFF)
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def run(account: athena_testbed.Running, hand: Hand, config: Config) -> Output:
    """The exporter's sources, ledger and page, second by second on a clock that stands still between them."""
    calls: Counter[tuple[str, str, str]] = Counter()
    page = Page()
    clocks = Clocks(now=hand.time, monotonic=lambda: hand.milliseconds() / 1000)
    with (
        closing(session_with(account.url, calls)) as session,
        closing(Ledger(wiring.ledger_settings(config), monotonic=clocks.monotonic)) as ledger,
    ):
        ledger.adopt(TARGET, hand.time())
        poller = Poller(ledger=ledger, telemetry=Telemetry(), publisher=page, clocks=clocks)
        around = wiring.Surroundings(
            config=config, session=session, target=TARGET, clock=hand.time, naming=wiring.naming(config, {})
        )
        sources = [build(around) for build, _ in wiring.sources(config).values()]
        for _ in range(SHOWN_AFTER // STEP):
            hand.at += STEP
            for source in sources:
                assert poller.poll(source)
            poller.publish()
    return Output(page=page.text, figures=read(page.text))


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Output:
    folder = tmp_path_factory.mktemp("demo")
    hand = Hand(at=A_FRIDAY)
    settings = replace(demo_settings(A_FRIDAY), rates=None)  # one reading a second leaves no time for the real rates
    with (
        pytest.MonkeyPatch.context() as environment,
        athena_testbed.running(settings, clock=hand.milliseconds) as account,
    ):
        for name, value in parts.environment({}).items():
            environment.setenv(name, value)
        return run(account, hand, demo_configuration(folder))


def shown(figures: Figures) -> str:
    paper = Console(file=io.StringIO(), width=112, color_system=None, legacy_windows=False)
    title = f"After {SHOWN_AFTER.total_seconds():.0f} s"
    with paper.capture() as capture:
        paper.print(screen.summary(figures, title=title, rows=SHOWN_ROWS))
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


def excerpt(output: Output) -> str:
    """What the page counts of the user who spends most, and of all who spend in the same workgroup."""
    user = next(name for name, _ in dearest(output.figures.users) if name in output.figures.named_today)
    lines = [line for line in output.page.splitlines() if "window=" not in line or 'window="today"' in line]
    theirs = [line for line in lines if f'user="{user}"' in line]
    workgroup = next(found[1] for line in theirs if (found := re.search(r'workgroup="([^"]+)"', line)))
    names = (catalog.SCANNED_BYTES.name, catalog.WINDOW_COST_USD.name)
    group = [line for line in lines if line.startswith(names) and f'"{workgroup}"' in line]
    pending = [line for line in lines if line.startswith(catalog.PENDING_QUERIES.name)]
    return "\n".join([*theirs, *group, *pending])


def fenced(text: str) -> str:
    return f"```\n{text}\n```\n"


def rewritten(text: str, blocks: dict[str, str]) -> str:
    """The document with these blocks between their marks."""
    for name, block in blocks.items():
        mark = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- /{name} -->\n)", re.DOTALL)
        assert len(mark.findall(text)) == 1, f"README.md needs the marks of {name} once"
        text = mark.sub(lambda found, block=block: f"{found[1]}{block}{found[2]}", text)  # type: ignore[misc]  # mypy can't infer a lambda with a default
    return text


def test_what_the_readme_shows_is_what_the_product_says(golden: Callable[[Path, str], None], output: Output) -> None:
    blocks = {
        "demo": fenced(shown(output.figures)),
        "page": fenced(excerpt(output)),
        "configuration": table(),
    }
    golden(README, rewritten(README.read_text(encoding="utf-8"), blocks))


def test_the_shown_output_is_worth_showing(output: Output) -> None:
    assert len(output.figures.named_today) > SHOWN_ROWS
    assert len(output.figures.workgroups) > SHOWN_ROWS
    assert output.figures.pending_queries > 0
    assert all(source.up for source in output.figures.sources)


def text() -> str:
    return README.read_text(encoding="utf-8")


def test_every_metric_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"\bathena_(?!exporter\b|testbed\b|dashboards\b|observability)\w+", text()))
    assert len(named) > 12
    assert named <= catalog.BY_NAME.keys()


def test_every_label_in_a_selector_of_the_readme_belongs_to_its_metric() -> None:
    selectors = re.findall(r"\b(athena_\w+)\{([^}]*)\}", text())
    assert len(selectors) > 10
    for name, labels in selectors:
        assert set(re.findall(r"(\w+)=", labels)) <= set(catalog.BY_NAME[name].label_names), name


def commands() -> Iterator[list[str]]:
    """What the README tells one to type: `athena-exporter ...` in code spans and code blocks."""
    spans = re.findall(r"`(athena-exporter [^`]+)`", text())
    blocks = re.findall(r"^ *(?:\w+=\S+ )*(?:\.venv/bin/)(athena-exporter .+)$", text(), flags=re.MULTILINE)
    return (shlex.split(command) for command in [*spans, *blocks] if "NAME" not in command)


def test_every_command_of_the_readme_is_one() -> None:
    found = list(commands())
    assert len(found) >= 5
    for _, name, *arguments in found:
        command = exporter.commands[name]
        assert isinstance(command, click.Command)
        command.make_context(name, arguments)


def test_the_readme_names_every_report() -> None:
    paragraph = text().split("## Reports")[1].split("##")[0]
    assert [report.name for report in REPORTS] == re.findall(r"`([a-z-]+)`", paragraph)[: len(REPORTS)]


def test_the_scrape_snippet_is_the_provisioned_job_on_this_machine() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", text(), flags=re.DOTALL)
    (job,) = yaml.safe_load(block)["scrape_configs"]
    provisioned = yaml.safe_load(parts.PROVISIONING.read_text(encoding="utf-8"))
    assert job["job_name"] == provisioned["scrape_configs"][0]["job_name"]
    assert job["scrape_interval"] == provisioned["global"]["scrape_interval"]
    assert job["static_configs"] == [{"targets": ["localhost:9989"]}]


def test_every_key_that_the_readme_names_is_in_its_table() -> None:
    sections = "|".join(Config.model_fields)
    named = set(re.findall(rf"`((?:{sections})\.[a-z_]+)[`:]", text().split("<!-- /configuration")[1]))
    named |= set(re.findall(rf"`((?:{sections})\.[a-z_]+)[`:]", text().split("<!-- configuration")[0]))
    assert len(named) >= 4
    assert [key for key in sorted(named) if f"| `{key}` |" not in table()] == []


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", text())
    assert len(links) >= 5
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()] == []


def test_the_first_screen_says_how_to_begin() -> None:
    first = "\n".join(text().splitlines()[:12])
    assert "make demo" in first
    assert "make test" in first
    assert REGION not in first
