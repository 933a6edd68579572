"""docs/budgets.md tells receivers what they get: its table is written from the fields, and the fields are sent."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import news

from athena_exporter.config import NotificationsSettings, load, load_people
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.notifications import Person, message_of, notice_of, to_json
from athena_exporter.outlets.notifications.fields import FIELDS, table

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = ROOT / "docs" / "budgets.md"
CONSOLE = NotificationsSettings().console_url
_MARKED = re.compile(r"(<!-- notification-fields: [^\n]*-->\n).*?(<!-- /notification-fields -->\n)", re.DOTALL)


def sent(fact: StoredFact) -> dict[str, object]:
    told: dict[str, object] = json.loads(to_json(message_of(notice_of(fact), [Person(name="Ann")], CONSOLE), CONSOLE))
    return told


def test_the_table_of_fields_is_the_codes(golden: Callable[[Path, str], None]) -> None:
    text = BUDGETS.read_text(encoding="utf-8")
    assert len(_MARKED.findall(text)) == 1
    golden(BUDGETS, _MARKED.sub(lambda found: f"{found[1]}{table()}\n{found[2]}", text))


def test_every_field_is_sent_and_no_other() -> None:
    budget, guard = sent(news.decided()), sent(news.stopped())
    assert [*budget, "action"] == list(FIELDS)
    assert set(guard) == set(list(FIELDS)[: list(FIELDS).index("per")]) | {"action"}


def test_the_fields_of_objects_are_named_where_they_stand() -> None:
    budget, guard = sent(news.decided(exception={"limit": 1, "until": None, "reason": "r"})), sent(news.stopped())
    for field, told in (
        ("window", budget["window"]),
        ("exception", budget["exception"]),
        ("queries", budget["queries"]),
        ("people", budget["people"]),
        ("action", guard["action"]),
    ):
        whole = told[0] if isinstance(told, list) else told
        assert isinstance(whole, dict)
        assert {f"`{name}`" for name in whole} <= set(re.findall(r"`\w+`", FIELDS[field])), field


def test_the_examples_can_be_pasted(tmp_path: Path) -> None:
    section = BUDGETS.read_text(encoding="utf-8").split("## Notifications")[1].split("\n## ")[0]
    configuration, people = re.findall(r"```yaml\n(.*?)```", section, flags=re.DOTALL)
    (tmp_path / "config.yml").write_text(configuration)
    assert [one.name for one in load(tmp_path / "config.yml", {}).notifications.channels] == [
        "team",
        "ops",
        "ticketing",
    ]
    (tmp_path / "people.yml").write_text(people)
    assert list(load_people(tmp_path / "people.yml")) == ["maria", "airflow-*"]
