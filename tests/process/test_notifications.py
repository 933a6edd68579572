"""Why these tests exist: a kill at any moment neither loses a notification nor invents one, and `serve` sends them."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import telling
from processes import free_port, process, scrape, summed, until
from webhook_wire import Answer, receiving
from whole_exporter import account, configured, overspend

from athena_exporter import catalog
from athena_exporter.ledger.store import Ledger

SUPPORT = Path(telling.__file__).parent
EVERY = {(name, f"user-{person}", level) for name in ("daily", "rolling") for person in range(3)
         for level in ("warned", "exceeded")}  # fmt: skip  # as short as it can be said


@pytest.mark.process
def test_everything_is_told_whenever_the_process_is_killed_and_copies_have_the_same_id(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    with receiving() as receiver:
        ended = [
            subprocess.run(  # the command is this test's own
                [sys.executable, telling.__file__, str(ledger), receiver.url, point, count],
                cwd=SUPPORT, timeout=120, check=False, capture_output=True, text=True,
            )
            for point, count in (
                ("transaction", "1"), ("committed", "1"), ("sent", "2"), ("transaction", "1"), ("sent", "1"),
                ("never", "0"),
            )
        ]  # fmt: skip  # as short as it can be said
        assert [one.returncode for one in ended] == [*[-signal.SIGKILL] * 5, 0], [one.stderr for one in ended]
    ids = [one.headers["Idempotency-Key"] for one in receiver.received]
    assert len(ids) == len(EVERY) + 2, "two were sent again, for nobody had noted that they had arrived"
    with closing(Ledger(telling.settings(ledger), monotonic=lambda: 0.0)) as opened:
        rows = opened._writer.execute("SELECT budget, subject, level, decision_id FROM budget_decisions").fetchall()
        assert {tuple(row[:3]) for row in rows} == EVERY
        assert {row[3] for row in rows} == set(ids)
        assert opened.pending_facts(telling.CONSUMER, 10) == []
        opened.samples(telling.BORN)
        opened.reveal()
        name = catalog.BUDGET_DECISIONS.name
        counted = sum(one.value for one in opened.samples(telling.BORN) if one.metric == name)
        assert counted == len(EVERY)


@pytest.mark.process
def test_the_service_tells_of_a_runaway_user_while_another_channel_is_down(tmp_path: Path) -> None:
    text = (
        "budgets: [{name: hard, per: user, window: rolling 24h, limit: 1 GiB}]\n"
        "sources: {athena: {interval: 1s}, lookup: {interval: 1s, full_pass: 30s}}\n"
        "notifications: {webhooks: [{name: ops, format: slack, url_file: " + str(tmp_path / "ops") + "},"
        " {name: down, url_file: " + str(tmp_path / "down") + "}]}\n"
    )
    log, address = tmp_path / "exporter.log", f"127.0.0.1:{free_port()}"
    with account() as running, receiving() as ops, receiving() as down:
        (tmp_path / "ops").write_text(f"{ops.url}/xyzzy-ops")
        (tmp_path / "down").write_text(f"{down.url}/xyzzy-down")
        down.answer = Answer(status=500)
        path = configured(tmp_path, running, text)
        command = [sys.executable, "-m", "athena_exporter", "serve", "--config", str(path)]
        with process([*command, "--web.listen-address", address], log) as exporter:
            until(lambda: scrape(f"http://{address}"), what="the exporter serves")
            overspend(running, queries=0)
            until(lambda: ops.received and down.received, what=log.read_text)
            until(lambda: is_told(f"http://{address}"), what=log.read_text)
            assert exporter.end() == 0
        (post,) = ops.received
        assert post.path == "/xyzzy-ops"
        assert "has used 200 % of budget hard" in post.body.decode()
        assert len({one.headers["Idempotency-Key"] for one in [*ops.received, *down.received]}) == 1
    written = log.read_text()
    assert "xyzzy" not in written
    assert "webhook down (127.0.0.1): answered 500 (ok); it is tried again" in written
    assert "budget hard: user" in written


def is_told(url: str) -> bool:
    """Whether metrics say that one channel is well and has told, and that the other is down with a message left."""
    series = scrape(url)
    up = {dict(pairs)["source"]: value for (name, pairs), value in series.items() if name == catalog.SOURCE_UP.name}
    depth = summed(series, catalog.OUTBOX_DEPTH.name, "consumer")
    return (
        summed(series, catalog.NOTIFICATIONS.name, "channel", "result").get(("ops", "sent")) == 1
        and summed(series, catalog.BUDGET_DECISIONS.name, "budget", "level") == {("hard", "exceeded"): 1}
        and depth == {("notifications/down",): 1}
        and (up.get("notifications/ops"), up.get("notifications/down")) == (1, 0)
    )
