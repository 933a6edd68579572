"""The account and the environment that the tests of the sources share."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from source_world import QUIET, Hand, MakeWorld, World, local_time, session_with

import athena_testbed


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment of a deployed exporter would hold, and nothing of this machine's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "does-not-exist")


@pytest.fixture
def make_world() -> MakeWorld:
    """Starts an account with these settings; `hand` moves its clock and the sources'."""

    @contextmanager
    def make(settings: athena_testbed.Settings = QUIET, *, hand: Hand | None = None) -> Iterator[World]:
        with athena_testbed.running(settings, clock=hand.milliseconds if hand else None) as running:
            calls: Counter[tuple[str, str, str]] = Counter()
            session = session_with(running.url, calls)
            try:
                yield World(running, session, calls, hand.time if hand else local_time)
            finally:
                session.close()

    return make


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def world(make_world: MakeWorld) -> Iterator[World]:
    """An account in which nothing happens but what the test puts there."""
    with make_world() as world:
        yield world


@pytest.fixture
def still(make_world: MakeWorld, hand: Hand) -> Iterator[World]:
    """The same, with a clock that only the test moves."""
    with make_world(hand=hand) as world:
        yield world
