"""Why these tests exist: a secret that is in a log is everybody's. Every secret that the product is given is a canary,
everything is made to fail, and all that it wrote is searched, at the level that says most."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import bcrypt
import pytest
from grafana_wire import BASIC, NOT_INSTALLED, WELL, WORKSPACE, Wire, contact_point, serving
from log_wire import GROUPS, arrived, logs_client
from processes import free_port, process, until
from webhook_wire import Answer, Received, Receiver, receiving
from whole_exporter import account, configured, overspend

import athena_testbed

pytestmark = pytest.mark.process

EXPORTER = [sys.executable, "-m", "athena_exporter"]
DEPLOY = [sys.executable, "-m", "athena_dashboards.deploy"]
ROLE = f"arn:aws:iam::{athena_testbed.ACCOUNT_ID}:role/athena-reader"
SQL = (
    "SELECT 'Kanarie-text', \"Kanarie@quoted.example\", 7319073190 /* Kanarie-comment */ FROM sales.orders"
    " WHERE mail IN ('Kanarie-one', 'Kanarie-two') -- Kanarie-end"
)
CANARIES: Mapping[str, str] = {
    "AWS secret key": "Kanarie/secret+key/0123456789abcdefghijk",
    "AWS session token": "Kanarie-session-token==",
    "secret key of an assumed role": "not-a-secret",
    "session token of an assumed role": "not-a-token",
    "the key of the pseudonyms": "Kanarie-key-of-the-pseudonyms-0123456789",
    "webhook address in a file": "T000/B000/Kanarie-in-a-file",
    "webhook address in the environment": "T000/B000/Kanarie-in-the-environment",
    "webhook address in the configuration": "T000/B000/Kanarie-inline",
    "webhook address where nobody listens": "T000/B000/Kanarie-nobody",
    "webhook password": "Kanarie-webhook-password",
    "webhook redirection": "Kanarie-redirected",
    "the password of the pages": "Kanarie-password",
    "a wrong password": "Kanarie-wrong-password",
    "a text in SQL": "Kanarie-text",
    "a quoted text in SQL": "Kanarie@quoted",
    "a number in SQL": "7319073190",
    "a comment in SQL": "Kanarie-comment",
    "a list in SQL": "Kanarie-one",
    "the end of SQL": "Kanarie-end",
    "Grafana password": "Kanarie-grafana-password",
    "Slack address of alerts": "Kanarie-slack",
    "PagerDuty key of alerts": "Kanarie-pagerduty-0123456789abcd",
}
"""What it is -> what nobody may ever read. Each is searched for in all its spellings."""


def spellings(secret: str) -> Iterator[bytes]:
    """The secret as it may stand in a log, an address, a header or a file."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")[:-1]


@dataclass(slots=True)
class Writings:
    """All that a run has written: the way to it -> its bytes."""

    found: dict[str, bytes] = field(default_factory=dict)

    def add(self, way: str, text: bytes | str | None) -> None:
        self.found[way] = text.encode() if isinstance(text, str) else text or b""

    def add_files(self, folder: Path, *, without: Sequence[str] = ()) -> None:
        """Every file below a folder, but for those in which the secrets were given."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in without:
                self.add(f"file {path.relative_to(folder)}", path.read_bytes())

    def add_run(self, name: str, ended: "subprocess.CompletedProcess[bytes]") -> None:
        self.add(f"{name}: standard output", ended.stdout)
        self.add(f"{name}: standard error", ended.stderr)

    def check(self) -> None:
        """No secret stands anywhere; else a table says which, and where."""
        rows = [
            f"{way} | {secret} | ...{text[max(0, text.index(told) - 60) :][:160]!r}..."
            for way, text in self.found.items()
            for secret, canary in CANARIES.items()
            for told in dict.fromkeys(spellings(canary))
            if told in text
        ]
        assert not rows, "where | what | how it stands there\n" + "\n".join(rows)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GRAFANA_", "ATHENA_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": CANARIES["AWS secret key"],
        "AWS_SESSION_TOKEN": CANARIES["AWS session token"], "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "ATHENA_EXPORTER_PSEUDONYM_KEY": CANARIES["the key of the pseudonyms"], **more,
    }  # fmt: skip  # a table


def run(command: Sequence[str], env: Mapping[str, str], folder: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, env=dict(env), cwd=folder, capture_output=True, timeout=120, check=False)


# -- the exporter -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Receivers of each kind, and what the environment holds of them."""

    well: Receiver
    ill: Receiver
    elsewhere: Receiver

    @property
    def environment(self) -> dict[str, str]:
        return {"TEAM_HOOK": f"{self.ill.url}/{CANARIES['webhook address in the environment']}"}

    def text(self, folder: Path) -> str:
        """The channels, each given its address another way."""
        (folder / "hook").write_text(f"{self.well.url}/{CANARIES['webhook address in a file']}")
        inline = f"{self.elsewhere.url}/{CANARIES['webhook address in the configuration']}"
        nobody = f"http://me:{CANARIES['webhook password']}@127.0.0.1:{free_port()}"
        return (
            "notifications:\n  webhooks:\n"
            f"  - {{name: well, format: slack, url_file: {folder / 'hook'}}}\n"
            "  - {name: ill, format: json, url_env: TEAM_HOOK}\n"
            f"  - {{name: elsewhere, url: '{inline}'}}\n"
            f"  - {{name: nobody, url: '{nobody}/{CANARIES['webhook address where nobody listens']}'}}\n"
        )


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with receiving() as well, receiving() as ill, receiving() as elsewhere:
        said = "who are you, "
        ill.answer = Answer(status=500, body=f"{said} {CANARIES['webhook address in the environment']}".encode())
        where = f"{well.url}/{CANARIES['webhook redirection']}"
        elsewhere.answer = Answer(status=307, headers={"Location": where}, body=said.encode())
        yield Hooks(well=well, ill=ill, elsewhere=elsewhere)


def everything(folder: Path, running: athena_testbed.Running, hooks: Hooks) -> Path:
    """A configuration in which every part that is given a secret is on."""
    text = (
        "budgets: [{name: hard, per: user, window: rolling 24h, limit: 1 GiB}]\n"
        "events: {enabled: true}\n"
        "identity: {privacy: pseudonym}\n"
        "sources: {athena: {interval: 1s}, lookup: {interval: 1s, full_pass: 30s}}\n"
        "exposition: {interval: 200ms}\n"
    )
    return configured(folder, running, text + hooks.text(folder), role_arn=ROLE)


def pages_of(url: str, writings: Writings, password: str) -> None:
    """What the pages say to whoever may read them, and to whoever may not."""
    for path in ("/", "/metrics", "/-/ready", "/docs/metrics", f"/{CANARIES['a wrong password']}"):
        for who, secret in (("may", password), ("may not", CANARIES["a wrong password"])):
            request = urllib.request.Request(f"{url}{path}")
            request.add_header("Authorization", "Basic " + base64.b64encode(f"alice:{secret}".encode()).decode())
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    writings.add(f"page {path} to whoever {who}", answer.read())
            except urllib.error.HTTPError as refused:
                with refused:
                    writings.add(f"page {path} to whoever {who}", str(refused.headers).encode() + refused.read())


def test_what_the_service_writes_holds_no_secret_however_it_fails(tmp_path: Path, hooks: Hooks) -> None:
    writings, log, work = Writings(), tmp_path / "exporter.log", tmp_path / "work"
    work.mkdir()
    password = CANARIES["the password of the pages"]
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    (work / "web.yml").write_text(f"basic_auth_users: {{alice: {hashed}}}")
    port = free_port()
    with account() as running:
        path = everything(work, running, hooks)
        now = datetime.now(UTC).isoformat()
        states = ("SUCCEEDED", "FAILED")
        running.add(*({"sql": SQL, "submitted_at": now, "ended_at": now, "state": state} for state in states))
        command = [
            *EXPORTER, "serve", "--config", str(path), "--web.listen-address", f"127.0.0.1:{port}",
            "--web.config.file", str(work / "web.yml"), "--log.level", "debug",
        ]  # fmt: skip  # a command on two lines
        with process(command, log, environment(**hooks.environment)) as exporter:
            overspend(running, queries=0)
            until(lambda: hooks.well.received and hooks.ill.received and hooks.elsewhere.received, what=log.read_text)
            until(lambda: "webhook nobody" in log.read_text(), what="the channel that nobody listens at has failed")
            with closing(logs_client(running.url)) as client:
                until(lambda: told(client), what="the query is in the events")
                writings.add("events", told(client))
            pages_of(f"http://127.0.0.1:{port}", writings, password)
            for kind in ("denied", "expired", "garbage", "html"):
                before = log.read_text().count("level=warning")
                running.plan_faults([{"kind": kind, "operation": "*"}])
                until(lambda: log.read_text().count("level=warning") > before, what=f"a warning of {kind}")  # noqa: B023  asked before the loop goes on
            assert exporter.end() == 0
    writings.add("the log", log.read_bytes())
    writings.add("what channels were told", b"\n".join(one.body for one in all_of(hooks)))
    writings.add_files(work, without=("exporter.yml", "hook"))
    assert b"sales" in writings.found["events"], "the query was told"
    assert b"athena_queries_total" in writings.found["page /metrics to whoever may"]
    assert "file ledger.db" in writings.found
    writings.check()


def told(client: Any) -> str:
    """Every event of queries, once those with secrets in their SQL are among them."""
    events = arrived(client, GROUPS.queries)
    texts = [event for event in events if "?" in str(event.get("sql_text"))]
    return json.dumps([events, arrived(client, GROUPS.table_access)]) if texts else ""


def all_of(hooks: Hooks) -> list[Received]:
    return [*hooks.well.received, *hooks.ill.received, *hooks.elsewhere.received]


def test_what_the_commands_write_holds_no_secret_however_they_fail(tmp_path: Path, hooks: Hooks) -> None:
    writings, work = Writings(), tmp_path / "work"
    work.mkdir()
    with account() as running:
        path = everything(work, running, hooks)
        running.add({"sql": SQL, "submitted_at": datetime.now(UTC).isoformat()})
        env = environment(**hooks.environment)
        commands = {
            "check": ["check", "--config", str(path), "--record", str(work / "recordings")],
            "notify": ["notify", "--test", "--config", str(path)],
            "backfill": ["backfill", "--source", "lookup", "--from", "2h", "--config", str(path)],
            "backfill of a trail": ["backfill", "--bucket", "no-such-bucket", "--from", "1d", "--config", str(path)],
            "report": ["report", "users", "--config", str(path)],
        }
        for name, arguments in commands.items():
            writings.add_run(name, run([*EXPORTER, *arguments], env, work))
        for name, kind in (("check", "denied"), ("backfill", "expired"), ("backfill", "garbage")):
            running.plan_faults([{"kind": kind, "operation": "*"}])
            writings.add_run(f"{name}, {kind}", run([*EXPORTER, *commands[name]], env, work))
        short = {**env, "ATHENA_EXPORTER_PSEUDONYM_KEY": CANARIES["the key of the pseudonyms"][:12]}
        writings.add_run("a key that is too short", run([*EXPORTER, *commands["backfill"]], short, work))
    writings.add_files(work, without=("exporter.yml", "hook"))
    assert b"well: sent" in writings.found["notify: standard output"]
    assert writings.found["notify: standard error"].count(b"\n") == 3, "each other channel has failed"
    assert any(way.startswith("file recordings/") for way in writings.found)
    assert not any(b"Traceback" in text for text in writings.found.values())
    writings.check()


def test_a_configuration_that_is_refused_repeats_no_secret(tmp_path: Path) -> None:
    (tmp_path / "exporter.yml").write_text(
        "aws: {endpoint_url: 'http://me:Kanarie-webhook-password@127.0.0.1:99999'}\n"
        "identity: {pseudonym_key_file: [Kanarie-key-of-the-pseudonyms-0123456789]}\n"
        "notifications:\n  webhooks:\n"
        "  - {name: a, url: 'no address T000/B000/Kanarie-inline'}\n"
        "  - {name: b, url: 'http://me:Kanarie-webhook-password@ho st/'}\n"
    )
    ended = run([*EXPORTER, "serve", "--config", "exporter.yml"], environment(), tmp_path)
    writings = Writings()
    writings.add_run("serve", ended)
    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 4, ended.stderr
    writings.check()


# -- the deployment ---------------------------------------------------------------------------------------------------


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving() as served:
        served.data_sources = dict.fromkeys(("prometheus", "cloudwatch", "athena"), ("x", WELL))
        served.contact_points = [contact_point(name) for name in ("athena-page", "athena-ticket", "athena-digest")]
        yield served


def test_what_the_deployment_writes_holds_no_secret_however_it_fails(tmp_path: Path, wire: Wire) -> None:
    writings = Writings()
    secrets = {
        "OUR_ROOM": f"https://hooks.slack.com/services/{CANARIES['Slack address of alerts']}",
        "ATHENA_ALERT_PAGERDUTY_KEY": CANARIES["PagerDuty key of alerts"],
    }
    managed = environment(AWS_ENDPOINT_URL_GRAFANA=wire.url, AWS_MAX_ATTEMPTS="1", **secrets)
    wrong = f"admin:{CANARIES['Grafana password']}"
    workspace = ["--workspace", WORKSPACE, "--grafana-url", wire.url]
    points = ["contact-points", *workspace, "athena-page=pagerduty", "athena-ticket=slack:OUR_ROOM", "--replace"]
    writings.add_run("contact points", run([*DEPLOY, *points], managed, tmp_path))
    writings.add_run("health", run([*DEPLOY, "health", *workspace], managed, tmp_path))
    for name, address in (("health", wire.url), ("plugins", f"http://{wrong}@127.0.0.1:{free_port()}")):
        own = environment(GRAFANA_URL=address, GRAFANA_AUTH=wrong, **secrets)
        writings.add_run(f"{name} with a wrong password", run([*DEPLOY, name], own, tmp_path))
    wire.override = {f"/api/plugins/{name}/install": NOT_INSTALLED for name in ("grafana-athena-datasource",)}
    writings.add_run("plugins", run([*DEPLOY, "plugins", *workspace], managed, tmp_path))
    wire.override = {"/api/v1/provisioning/contact-points": (500, {"message": secrets["OUR_ROOM"]})}
    writings.add_run("contact points, refused", run([*DEPLOY, *points], managed, tmp_path))
    writings.add_files(tmp_path)
    assert wire.asked
    assert BASIC not in wrong
    for number, made in enumerate(wire.tokens.values()):
        for way, text in writings.found.items():
            assert str(made["key"]).encode() not in text, f"token {number} stands in {way}"
    assert not any(b"Traceback" in text for text in writings.found.values())
    writings.check()


def test_the_search_finds_what_it_is_for() -> None:
    writings = Writings()
    writings.add("somewhere", "Authorization: Basic " + base64.b64encode(b"Kanarie-password").decode())
    with pytest.raises(AssertionError, match=r"somewhere \| the password of the pages"):
        writings.check()
