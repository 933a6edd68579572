"""How often AWS may be asked."""

from concurrent.futures import ThreadPoolExecutor
from math import inf
from threading import Lock

import pytest

from athena_exporter.sources.rate import QUOTAS, Rates, TokenBucket


class Watch:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self._lock = Lock()

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


def bucket(watch: Watch, *, rate: float, burst: float) -> TokenBucket:
    return TokenBucket(rate=rate, burst=burst, clock=watch.time, sleep=watch.sleep)


def test_a_burst_passes_at_once_and_then_the_rate_holds() -> None:
    watch = Watch()
    tokens = bucket(watch, rate=2, burst=5)
    assert [tokens.take() for _ in range(7)] == [0, 0, 0, 0, 0, 0.5, 0.5]
    assert watch.now == 101.0


def test_tokens_gather_only_up_to_the_burst() -> None:
    watch = Watch()
    tokens = bucket(watch, rate=2, burst=3)
    watch.now += 3600
    waits = [tokens.take() for _ in range(4)]
    assert waits == [0, 0, 0, 0.5]


def test_a_clock_that_goes_back_neither_grants_nor_blocks() -> None:
    watch = Watch()
    tokens = bucket(watch, rate=1, burst=1)
    tokens.take()
    watch.now -= 1000
    assert tokens.take() == 1


def test_a_burst_below_one_still_lets_a_call_pass() -> None:
    assert bucket(Watch(), rate=0.1, burst=0.01).take() == 0


def test_an_infinite_rate_is_no_limit() -> None:
    tokens = bucket(Watch(), rate=inf, burst=inf)
    assert sum(tokens.take() for _ in range(1000)) == 0


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_lets_nothing_pass_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate above 0"):
        bucket(Watch(), rate=rate, burst=1)


def test_threads_share_one_bucket_without_losing_a_token() -> None:
    tokens = TokenBucket(rate=10, burst=1, clock=lambda: 0.0, sleep=lambda _: None)
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: tokens.take(), range(400)))
    assert waits == pytest.approx([place / 10 for place in range(400)])


def test_half_of_every_published_quota_is_used_by_default() -> None:
    watch = Watch()
    rates = Rates(clock=watch.time, sleep=watch.sleep)
    for (service, operation), quota in QUOTAS.items():
        began = watch.now
        for _ in range(int(quota.burst / 2) + 30):
            rates.take(service, operation)
        assert watch.now - began == pytest.approx(30 / (quota.rate / 2))


def test_an_operation_without_a_quota_is_not_limited() -> None:
    watch = Watch()
    rates = Rates(clock=watch.time, sleep=watch.sleep)
    assert sum(rates.take("sts", "GetCallerIdentity") for _ in range(500)) == 0
