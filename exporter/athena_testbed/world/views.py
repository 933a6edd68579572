"""The company's views: what each reads, and its text as Glue keeps it. Data."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from athena_testbed.world.uses import Use


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view. `reads` are the tables and views that its SQL names; `is_sound` is False where nobody can read it."""

    database: str
    name: str
    sql: str
    reads: tuple[str, ...]
    is_sound: bool = True
    is_presto: bool = True

    @property
    def original_text(self) -> str:
        """Glue's ViewOriginalText: for a view that Athena made, a comment around JSON in base64."""
        if not self.is_presto:
            return self.sql
        if not self.is_sound:
            return "/* Presto View: bm90IEpTT04gYXQgYWxs */"
        told = {
            "originalSql": self.sql,
            "catalog": "awsdatacatalog",
            "schema": self.database,
            "columns": [{"name": "id", "type": "bigint"}, {"name": "value", "type": "double"}],
        }
        return f"/* Presto View: {b64encode(json.dumps(told).encode()).decode()} */"


def _view(name: str, sql: str, *reads: str, is_sound: bool = True, is_presto: bool = True) -> View:
    database, view = name.split(".")
    return View(database=database, name=view, sql=sql, reads=reads, is_sound=is_sound, is_presto=is_presto)


_ALL = (
    _view(
        "sales.v_open_orders",
        "SELECT o.id, s.country, o.amount AS value FROM orders o JOIN sales.stores s ON o.store_id = s.id"
        " WHERE o.status = 'open'",
        "sales.orders", "sales.stores",
    ),
    _view(
        "sales.v_orders_by_country",
        "SELECT country, count(*) AS n FROM v_open_orders GROUP BY country",
        "sales.v_open_orders",
    ),
    _view(
        "finance.v_ledger",
        "SELECT l.id, l.amount AS value FROM ledger_entries l JOIN accounts a ON l.account_id = a.id",
        "finance.ledger_entries", "finance.accounts",
    ),
    _view(
        "finance.v_revenue",
        'SELECT r.dt, r.value FROM "sales"."daily_revenue" r JOIN accounts a ON r.account_id = a.id',
        "sales.daily_revenue", "finance.accounts",
    ),
    _view(
        "marketing.v_campaign_costs",
        "WITH spend AS (SELECT campaign_id, sum(cost) AS value FROM ad_spend GROUP BY 1)"
        " SELECT c.id, spend.value FROM campaigns c JOIN spend ON spend.campaign_id = c.id",
        "marketing.ad_spend", "marketing.campaigns",
    ),
    _view(
        "web_events.v_sessions",
        "SELECT s.id, (SELECT count(*) FROM page_views p WHERE p.session_id = s.id) AS value FROM sessions s",
        "web_events.sessions", "web_events.page_views",
    ),
    _view(
        "logistics.v_late_parcels",
        "SELECT p.id, d.minutes AS value FROM awsdatacatalog.logistics.parcels p JOIN delays d ON d.parcel_id = p.id",
        "logistics.parcels", "logistics.delays",
    ),
    _view(
        "customers.v_contactable",
        "SELECT c.id, 1 AS value FROM contacts c"
        " WHERE c.id IN (SELECT id FROM consents UNION SELECT id FROM preferences)",
        "customers.contacts", "customers.consents", "customers.preferences",
    ),
    _view(
        "ml_features.v_latest_predictions",
        "SELECT id, max(score) AS value FROM predictions GROUP BY id",
        "ml_features.predictions",
    ),
    _view(
        "raw_landing.v_orders_stream",
        "SELECT id, amount AS value FROM kafka_orders WHERE dt > current_date - INTERVAL '7' DAY",
        "raw_landing.kafka_orders",
    ),
    _view("raw_landing.v_broken", "", is_sound=False),
    _view("customers.v_from_hive", "SELECT id FROM customers.profiles", "customers.profiles", is_presto=False),
)  # fmt: skip  # a table: one view a row

VIEWS: Mapping[str, View] = {f"{view.database}.{view.name}": view for view in _ALL}
"""`database.view` -> view."""


def readable(database: str) -> tuple[View, ...]:
    """The views of a database that Athena can read."""
    return tuple(view for view in _ALL if view.database == database and view.is_sound and view.is_presto)


def reading(view: View) -> tuple[Use, ...]:
    """What a statement reads that names the view: the view, and every table and view below it through that view."""
    name = f"{view.database}.{view.name}"
    below = sorted(set(_below(view)))
    return (Use(view.database, view.name, "read"), *(_through(name, table) for table in below))


def _through(view: str, name: str) -> Use:
    database, table = name.split(".")
    return Use(database, table, "read", view)


def _below(view: View) -> Iterator[str]:
    for name in view.reads:
        yield name
        if name in VIEWS:
            yield from _below(VIEWS[name])
