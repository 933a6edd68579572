"""CloudWatch Logs of an embedded account, for the tests of what is written there."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from log_wire import GROUPS, arrived, logs_client

import athena_testbed


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account in which nothing happens by itself, and a client of its logs."""

    testbed: athena_testbed.Running
    client: Any

    @contextmanager
    def emptied(self) -> Iterator["Account"]:
        """The same account without logs and faults, and a client of its own."""
        self.fail()
        for group in self.client.describe_log_groups()["logGroups"]:
            self.client.delete_log_group(logGroupName=group["logGroupName"])
        with closing(logs_client(self.testbed.url)) as client:
            yield Account(testbed=self.testbed, client=client)
            self.fail()
            _until_nobody_sends()

    def fail(self, *rules: Mapping[str, Any]) -> None:
        """From now on calls to CloudWatch Logs go wrong like that; without a rule they go right."""
        self.testbed.plan_faults([{"operation": "logs:PutLogEvents", **rule} for rule in rules])

    def arrived(self, group: str = GROUPS.table_access) -> list[dict[str, Any]]:
        """Every event of a log group, copies included, by time."""
        return arrived(self.client, group)


@contextmanager
def account() -> Iterator[Account]:
    settings = athena_testbed.Settings(queries_per_minute=0, rates=None)
    with athena_testbed.running(settings) as testbed, closing(logs_client(testbed.url)) as client:
        yield Account(testbed=testbed, client=client)


def _until_nobody_sends() -> None:
    """watchtower's threads of a transport that was closed in the middle end by themselves; wait for that."""
    for thread in threading.enumerate():
        if "_dequeue_batch" in thread.name:
            thread.join(timeout=60)
