"""Why this test exists: each fault alone is tested elsewhere; what people meet is several at once, in any order.

The whole product, three routes to an identity, events, history, budgets and a guard that stops queries, lives through
a seeded schedule of every fault there is. In the end every counter, every `increase()` in a real Prometheus, every
window, event, row of the history, budget and act of the guard equals the account's truth. `make chaos` does the same
with 100,000 queries and twenty kills.

That the checks are able to fail is shown for two safeties; `make chaos-safeties` shows it for all.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from chaos.forms import FORMS, SHORTEST
from chaos.run import run

SEED = 1


@pytest.mark.process
@pytest.mark.prometheus
@pytest.mark.timeout(1800)
def test_after_every_fault_nothing_is_lost_and_nothing_is_told_twice(tmp_path: Path, prometheus: str) -> None:
    result = run(FORMS["ci"], SEED, prometheus, tmp_path)
    assert result.trouble is None
    assert {name: list(result.findings[name].words[:10]) for name in result.failed} == {}
    assert result.unseen == [], "a fault that was never there proves nothing"
    assert result.deaths >= FORMS["ci"].kills
    assert result.queries >= FORMS["ci"].queries * 0.9


@pytest.mark.process
@pytest.mark.prometheus
@pytest.mark.timeout(900)
def test_without_the_zero_of_a_new_series_prometheus_misses_its_first_rise(tmp_path: Path, prometheus: str) -> None:
    result = run(SHORTEST["quiet"], SEED, prometheus, tmp_path, safety_off="series-warm-up")
    assert result.failed == ["increase() in Prometheus"]


@pytest.mark.process
@pytest.mark.prometheus
@pytest.mark.timeout(900)
def test_a_message_deleted_before_its_commit_is_missed(tmp_path: Path, prometheus: str) -> None:
    """EventBridge alone tells who started a query here: nobody else could make up for it."""
    form = replace(SHORTEST["events"], patience=15.0)
    result = run(form, SEED, prometheus, tmp_path, safety_off="deletion-after-commit")
    assert result.findings["events of queries"].lost
    assert "totals" in result.failed
