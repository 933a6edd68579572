"""The pictures are of dashboards that are there, in a Grafana that is there: else one line says what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from odd_server import answering
from processes import free_port

from athena_dashboards import pictures
from athena_dashboards.boards import BOARDS
from athena_dashboards.pictures import NotReadyError, Page, chosen, make_sure_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH whose browser shows nothing: nobody's own is started."""
    for name in BROWSERS:
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(pictures.main, list(arguments))


def _line(result: Result) -> str:
    """The only line that was said."""
    assert result.exit_code == 2, result.output
    (line,) = result.output.splitlines()
    return line


@pytest.mark.usefixtures("no_browser")
def test_a_dashboard_that_does_not_exist_is_an_error_that_names_those_that_do(tmp_path: Path) -> None:
    line = _line(_run("--only", "athena-nope", "--only", "athena-users", "--out", str(tmp_path / "out")))

    known = ", ".join(board.uid for board in BOARDS)
    assert line == f"pictures: there is no dashboard athena-nope; there are {known}"
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_browser")
def test_a_grafana_that_does_not_answer_is_one_line_with_its_address_and_the_mend() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    line = _line(_run("--grafana", f"{url}/"))

    assert line.startswith(f"pictures: no Grafana at {url}: ")
    assert "refused" in line
    assert line.endswith("; start one (docker compose up), or name its address with --grafana")


@pytest.mark.usefixtures("no_browser")
def test_an_address_that_is_none_is_one_line_too() -> None:
    assert "no Grafana at localhost: unknown url type" in _line(_run("--grafana", "localhost"))


def test_a_machine_without_a_browser_is_told_which_package_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert _line(_run()) == "pictures: chromium is not on the PATH (Debian: apt-get install chromium)"


@pytest.mark.parametrize(("body", "status"), [(b"<html>", 200), (b"{}", 200), (b"{}", 404)])
def test_what_is_no_grafana_is_not_looked_at(body: bytes, status: int) -> None:
    with answering(body, status=status) as url, pytest.raises(NotReadyError, match=f"no Grafana at {url}: "):
        make_sure_of(url)


def test_a_grafana_that_answers_is_enough() -> None:
    with answering(b'{"database": "ok"}') as url:
        make_sure_of(url)


def test_all_dashboards_are_looked_at_unless_some_are_chosen() -> None:
    assert chosen(()) == BOARDS
    assert [board.uid for board in chosen(("athena-limits", "athena-users"))] == ["athena-users", "athena-limits"]


def test_a_page_is_split_into_its_panels() -> None:
    page = Page()
    page.feed(
        '<div data-panelid="3"><h2>Cost</h2><p>No data</p></div>'
        '<div data-panelid="4"><i class="panel-info-corner--error"></i>5 USD</div>'
    )

    assert (page.panels[3].is_empty, page.panels[3].has_failed) == (True, False)
    assert (page.panels[4].is_empty, page.panels[4].has_failed) == (False, True)
