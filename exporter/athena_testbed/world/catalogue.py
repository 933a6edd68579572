"""The company's workgroups, databases and tables: data, the same for every seed but for the tables' sizes."""

from collections.abc import Mapping
from dataclasses import dataclass

MB = 2**20
GB = 2**30
TB = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Workgroup:
    """A workgroup's settings, as far as GetWorkGroup shows them."""

    name: str
    description: str | None
    tags: Mapping[str, str]
    cutoff_bytes: int | None = None
    reserved: bool = False
    publishes: bool = True
    enforced: bool = True
    managed_results: bool = False
    engine: str = "Athena engine version 3"


_COMPONENTS: Mapping[str, str] = {
    "primary": "platform", "monitoring": "platform", "airflow": "pipelines", "dbt": "transformations",
    "dashboards": "reporting", "finance": "reporting", "risk": "reporting", "data": "notebooks",
}  # fmt: skip  # a table
"""First word of a workgroup's name -> the component of the company's platform that it belongs to."""


def _workgroup(name: str, description: str | None, team: str, cost_centre: str, **settings: object) -> Workgroup:
    tags = {
        "team": team,
        "cost-centre": cost_centre,
        "environment": "dev" if "dev" in name else "prod",
        "component": _COMPONENTS.get(name.split("-", maxsplit=1)[0], "exploration"),
    }
    return Workgroup(name=name, description=description, tags=tags, **settings)  # type: ignore[arg-type] # the table below is the caller


WORKGROUPS: tuple[Workgroup, ...] = (
    _workgroup("primary", None, "platform", "1000", enforced=False),
    _workgroup("analytics", "Analysts of all departments", "analytics", "2100", managed_results=True),
    _workgroup("finance-bi", "Month end and controlling", "finance", "2200"),
    _workgroup("data-science", "Notebooks", "data-science", "2300"),
    _workgroup("ad-hoc", "Questions of one day", "analytics", "2100", cutoff_bytes=2 * TB),
    _workgroup("airflow-core", "Core pipelines", "data-platform", "3100"),
    _workgroup("airflow-marketing", "Campaign pipelines", "marketing", "3200"),
    _workgroup("airflow-ml", "Feature pipelines", "data-science", "2300"),
    _workgroup("dbt-prod", "dbt, production", "data-platform", "3100"),
    _workgroup("dbt-dev", "dbt, development", "data-platform", "3100", cutoff_bytes=200 * GB),
    _workgroup("dbt-ci", "dbt, pull requests", "data-platform", "3100", cutoff_bytes=50 * GB),
    _workgroup("dashboards", "QuickSight, Metabase, Redash", "analytics", "2100"),
    _workgroup("monitoring", "Grafana", "platform", "1000", publishes=False),
    _workgroup("risk-reserved", "Risk reports on reserved capacity", "risk", "2400", reserved=True),
    Workgroup(name="sandbox", description="Try things here", tags={}, cutoff_bytes=10 * GB, enforced=False),
)


def workgroups(count: int) -> tuple[Workgroup, ...]:
    """The company's workgroups: those of the table, then one for each of as many teams as it takes."""
    teams = (
        _workgroup(f"team-{number:03}", f"Team {number}", f"team-{number:03}", f"{5000 + number}")
        for number in range(len(WORKGROUPS) + 1, count + 1)
    )
    return (*WORKGROUPS, *teams)


DATABASES: Mapping[str, str] = {
    "sales": "orders order_items returns invoices_raw price_list discounts stores sellers targets quotes"
    " baskets vouchers daily_revenue channel_mix forecasts",
    "finance": "ledger_entries accounts cost_centres budgets_2026 payments refunds fx_rates tax_codes assets"
    " accruals invoices vendors closing_balances audit_trail cash_positions",
    "marketing": "campaigns ad_spend impressions clicks conversions audiences newsletters coupons referrals"
    " landing_pages experiments attribution brand_survey keywords social_posts",
    "web_events": "page_views sessions searches cart_events checkouts errors_client devices app_starts push_opens"
    " video_plays consent feature_flags funnels referrers bots",
    "logistics": "shipments parcels routes drivers depots stock_levels stock_moves pickups carrier_prices delays"
    " customs packaging cold_chain returns_in forecasts_demand",
    "customers": "profiles addresses contacts segments loyalty_points complaints surveys_nps preferences households"
    " churn_scores lifetime_value tickets calls chats consents",
    "ml_features": "customer_daily product_daily embeddings_product embeddings_text training_sets labels predictions"
    " model_runs drift_reports feature_log outliers similar_items demand_hourly fraud_scores sessions_agg",
    "raw_landing": "erp_dump crm_dump pos_files sftp_partner iot_readings kafka_orders kafka_clicks kafka_payments"
    " weather holidays postcodes currency_feed email_logs web_logs api_audit",
}
"""Database -> its fifteen tables."""

_FACTS = (
    "orders order_items returns invoices_raw baskets daily_revenue ledger_entries payments refunds "
    "accruals invoices audit_trail ad_spend impressions clicks conversions attribution page_views "
    "sessions searches cart_events checkouts errors_client app_starts push_opens video_plays funnels bots "
    "shipments parcels stock_levels stock_moves pickups delays returns_in tickets calls chats "
    "customer_daily product_daily predictions feature_log demand_hourly fraud_scores sessions_agg "
    "iot_readings kafka_orders kafka_clicks kafka_payments web_logs api_audit email_logs "
)
FACTS = frozenset(_FACTS.split())
"""Tables with a day partition `dt`; the others are dimensions."""

ICEBERG: Mapping[str, tuple[str, ...]] = {
    "sales": ("price_list", "discounts"),
    "finance": ("accounts", "vendors"),
    "marketing": ("audiences", "coupons"),
    "web_events": ("devices", "consent"),
    "logistics": ("stock_levels", "routes"),
    "customers": ("profiles", "addresses"),
    "ml_features": ("embeddings_product", "similar_items"),
    "raw_landing": ("crm_dump", "postcodes"),
}
"""Database -> its Iceberg tables, the only ones whose rows can be changed."""
UNREAD = frozenset(
    ["sales.quotes", "finance.cash_positions", "marketing.brand_survey", "web_events.bots", "logistics.customs",
     "customers.households", "ml_features.drift_reports", "raw_landing.weather"]
)  # fmt: skip  # a list
"""Tables that nobody reads."""


def tables() -> Mapping[str, tuple[str, ...]]:
    """Database -> its tables' names, in the order of the data above."""
    return {database: tuple(names.split()) for database, names in DATABASES.items()}
