"""The parts of the comparison that are no arithmetic: pages, processes' figures, the account, what is missing."""

import gzip
import http.client
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import Popen
from threading import Thread

import pytest
from peers import account, main, reading, report, tools
from peers.judging import Key, What
from peers.programs import Process, Program
from peers.scraping import Watched, usage

from athena_exporter import catalog
from athena_testbed.server import bind
from athena_testbed.settings import Settings
from athena_testbed.testbed import Testbed

YACE_PAGE = """\
# HELP aws_athena_total_execution_time_sample_count Help is not implemented yet.
# TYPE aws_athena_total_execution_time_sample_count gauge
aws_athena_total_execution_time_sample_count{account_id="1",dimension_QueryState="CANCELED",dimension_QueryType="DML",\
dimension_WorkGroup="etl",name="athena",region="eu-west-1"} 3 1795412700000
aws_athena_total_execution_time_sum{account_id="1",dimension_QueryState="CANCELED",dimension_QueryType="DML",\
dimension_WorkGroup="etl",name="athena",region="eu-west-1"} 4500 1795412700000
yace_cloudwatch_requests_total 7
"""
CLOUDWATCH_EXPORTER_PAGE = """\
# TYPE aws_athena_total_execution_time_sample_count gauge
aws_athena_total_execution_time_sample_count{job="aws_athena",instance="",query_state="CANCELED",query_type="DML",\
work_group="etl",} 3.0 1795412700000
aws_athena_total_execution_time_sum{job="aws_athena",instance="",query_state="CANCELED",query_type="DML",\
work_group="etl",} 4500.0 1795412700000
"""
OUR_PAGE = f"""\
{catalog.QUERIES.name}{{account_id="1",region="eu-west-1",workgroup="etl",statement_type="DML",state="cancelled"}} 3
{catalog.TOTAL_SECONDS.sum_name}{{account_id="1",region="eu-west-1",workgroup="etl",statement_type="DML"}} 4.5
{catalog.COUNTING_SINCE.name}{{account_id="1",region="eu-west-1"}} 1795412000.5
{catalog.CLOUDWATCH_QUERIES.name}{{workgroup="etl",query_type="DML",query_state="CANCELED"}} 2
{catalog.SOURCE_LAST_SUCCESS.name}{{source="athena"}} 1795412999
{catalog.SOURCE_LAST_SUCCESS.name}{{source="cloudwatch"}} 1795413181.5
{catalog.SOURCE_DURATION.name}{{source="cloudwatch"}} 2.5
"""
ETL: Key = ("etl", "DML", "cancelled")


@pytest.mark.parametrize("text", [YACE_PAGE, CLOUDWATCH_EXPORTER_PAGE], ids=["YACE", "cloudwatch_exporter"])
def test_both_peers_are_understood_alike(text: str) -> None:
    page = reading.theirs(text, 5.0)
    assert {(one.what, one.key, one.value, one.at) for one in page.samples} == {
        (What.QUERIES, ETL, 3, 1795412700.0),
        (What.SECONDS, ETL, 4.5, 1795412700.0),
    }


def test_our_own_page_tells_queries_seconds_and_since_when() -> None:
    page = reading.ours(OUR_PAGE, 5.0)
    assert [(one.what, one.key, one.value, one.at) for one in page.samples] == [
        (What.QUERIES, ETL, 3, None),
        (What.SECONDS, ("etl", "DML", ""), 4.5, None),
    ]
    assert (page.since, page.complete_until) == (1795412000.5, None)


def test_what_we_repeat_of_cloudwatch_is_complete_but_for_ten_minutes_before_its_read_began() -> None:
    page = reading.repeated(OUR_PAGE, 5.0)
    assert [(one.what, one.key, one.value) for one in page.samples] == [(What.QUERIES, ETL, 2)]
    assert (page.since, page.complete_until) == (1795412040, 1795412520)


# -- the scraper ------------------------------------------------------------------------------------------------------


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = gzip.compress(b"up 1\n")
        self.send_response(200 if self.path == "/metrics" else 404)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def _watched(port: int) -> Iterator[Watched]:
    program = Program(name="one", key="one", port=port, command=(), read=reading.ours)
    with Popen(["true"]) as popen:
        yield Watched(Process(program, 0.0, popen))


def test_a_scrape_is_a_page_unpacked_and_how_long_it_took(port: int) -> None:
    (watched,) = _watched(port)
    watched.scrape(timeout=60)
    (scrape,) = watched.scrapes
    assert scrape.text == "up 1\n"
    assert scrape.seconds > 0
    assert watched.errors == []


def test_a_scrape_that_fails_is_counted_and_ends_nothing() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    (watched,) = _watched(port)
    watched.scrape(timeout=60)
    assert watched.scrapes == []
    assert len(watched.errors) == 1


def test_a_process_has_used_what_it_has_used() -> None:
    before = usage(os.getpid())
    sum(number * number for number in range(2_000_000))
    after = usage(os.getpid())
    assert after.cpu > before.cpu
    assert 5 < after.resident <= after.peak


# -- the account ------------------------------------------------------------------------------------------------------


def test_the_account_speaks_tls_under_cloudwatchs_name(tmp_path: Path) -> None:
    papers = account.papers(tmp_path)
    server = bind(Testbed(Settings(queries_per_minute=0)))
    account.speak_tls(server, papers.certificate)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    context = ssl.create_default_context(cafile=str(papers.certificate))
    with (
        closing(socket.create_connection(("127.0.0.1", server.port), timeout=60)) as plain,
        closing(context.wrap_socket(plain, server_hostname=account.HOSTS[0])) as wire,
    ):
        connection = http.client.HTTPConnection(account.HOSTS[0])
        connection.sock = wire
        connection.request("GET", "/_testbed/status")
        assert connection.getresponse().status == 200
    server.shutdown()
    server.hang_up()
    server.server_close()
    thread.join()


def test_the_accounts_queries_add_up_to_its_own_truth() -> None:
    testbed = Testbed(Settings(queries_per_minute=0, history=timedelta(hours=1)))
    until = testbed.now_ms()
    since = until - 1_800_000
    queries = account.answer(testbed, "queries", since, until)
    truth = testbed.truth(*(datetime.fromtimestamp(at / 1000, UTC) for at in (since, until)))
    assert len(queries) == truth["queries"] > 0
    assert sum(query.scanned_bytes or 0 for query in queries) == truth["scanned_bytes"]
    assert {query.key[0] for query in queries} == set(truth["by_workgroup"])


# -- what is missing --------------------------------------------------------------------------------------------------


def test_what_is_missing_is_named_with_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tools.MissingError, match=r"go is missing: Go 1\.25 .*\njava is missing: .*\nmvn is missing: "):
        tools.prepared(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_jar_that_is_another_is_not_used(tmp_path: Path) -> None:
    group, artifact = tools.JAR.split(":")
    folder = tmp_path.joinpath("maven", *group.split("."), artifact, tools.JAR_VERSION)
    folder.mkdir(parents=True)
    (folder / f"{artifact}-{tools.JAR_VERSION}-jar-with-dependencies.jar").write_bytes(b"no jar")
    with pytest.raises(tools.MissingError, match=r"has the SHA-256 .*: do not use it"):
        tools.jar(tmp_path)


def test_of_mavens_many_words_the_first_error_is_told() -> None:
    words = "\x1b[0m\x1b[0m[INFO] fetching\n[ERROR] Could not find artifact x\n[ERROR] Try again\n"
    assert tools.complaint(words) == "[ERROR] Could not find artifact x"
    assert tools.complaint("one\ntwo\n\n") == "two"
    assert tools.complaint("") == "no word"


def test_a_run_that_is_too_short_for_the_slowest_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main.options_of(["--minutes", "4"])
    assert "--minutes is 4; at least 5, for the slowest peer reads every five" in capsys.readouterr().err


# -- the tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "truth", "shown"),
    [
        (100.0, 100.0, "100 %"),
        (0.1 + 0.2, 0.3, "100 %"),
        (99_999_999.0, 100_000_000.0, "100.00% (-1)"),
        (96.0, 100.0, "96.00 %"),
        (0.0, 0.0, "100 %"),
        (3.0, 0.0, "3 of 0"),
    ],
)
def test_a_hundred_percent_is_said_only_of_what_is_equal(told: float, truth: float, shown: str) -> None:
    assert report.share(told, truth) == shown


def test_calls_before_the_measured_time_are_not_billed_to_it() -> None:
    row = {"service": "cloudwatch", "operation": "GetMetricData", "result": "ok"}
    before = [{**row, "count": 2, "billed_metrics": 40}]
    after = [
        {**row, "count": 5, "billed_metrics": 100},
        {**row, "result": "Throttling", "count": 1, "billed_metrics": 0},
    ]
    assert [(one["result"], one["count"], one["billed_metrics"]) for one in main.grown(before, after)] == [
        ("ok", 3, 60),
        ("Throttling", 1, 0),
    ]
    assert main.grown(after, after) == []
