"""The exporter, or a compaction, as a process that kills itself with SIGKILL at a step of the query history, or never.

    python archiving.py serve CONFIG ADDRESS STEP COUNT
    python archiving.py compact CONFIG - STEP COUNT

It is the real composition with one client replaced: it dies before (`before put`, `before delete`) or after (`after
put`, `after delete`) the COUNT-th such call to S3 that succeeds. Windows last a second, which no configuration allows.
"""

import math
import os
import signal
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from athena_exporter.cli import log, wiring
from athena_exporter.cli.archiving import compaction_of
from athena_exporter.cli.readers import CLOCKS, Historian, Reader
from athena_exporter.cli.service import Service
from athena_exporter.config import Config, load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.history.compaction import days
from athena_exporter.sources.buckets import Bucket
from athena_exporter.sources.session import Session
from athena_exporter.telemetry import Telemetry


class MortalApi:
    """S3's client, and the end of the process."""

    def __init__(self, client: Any, step: str, count: int) -> None:
        self._client = client
        self._step = step
        self._left = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **arguments: Any) -> Any:
        return self._passed("put", self._client.put_object, **arguments)

    def delete_object(self, **arguments: Any) -> Any:
        return self._passed("delete", self._client.delete_object, **arguments)

    def _passed(self, name: str, call: Any, **arguments: Any) -> Any:
        self._pass(f"before {name}")
        answer = call(**arguments)
        self._pass(f"after {name}")
        return answer

    def _pass(self, step: str) -> None:
        self._left -= step == self._step
        if self._left == 0 and step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalSession:
    """A session whose bucket kills."""

    def __init__(self, session: Session, step: str, count: int) -> None:
        self._session = session
        self._how = step, count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def bucket(self) -> Any:
        return MortalApi(self._session.bucket(), *self._how)


def historian(config: Config, telemetry: Telemetry, step: str, count: int) -> Historian:
    made = Historian(config, telemetry)
    made.session = MortalSession(made.session, step, count)  # type: ignore[assignment]  # it is one in all that matters
    return made


def serve(config: Config, address: str, step: str, count: int) -> None:
    log.configure(log.LogLevel.INFO, log.LogFormat.LOGFMT)
    telemetry = Telemetry()
    naming = wiring.naming(config, os.environ)
    readers = [Reader(config, settings, telemetry, naming) for settings in config.targets]
    with closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        writer = historian(config, telemetry, step, count)
        Service(config, ledger, telemetry, historian=writer).run(readers, None, address)


def compact(config: Config, step: str, count: int) -> None:
    with closing(Historian(config, Telemetry()).session) as session:
        prefix = config.history.root
        found = days(Bucket(session.bucket(), str(config.history.bucket)), prefix)
        mortal: Any = MortalSession(session, step, count)
        for day in found:
            compaction_of(config.history, mortal).compact(day, lambda *_: None)


def main(what: str, path: str, address: str, step: str, count: str) -> None:
    config = load(Path(path), os.environ)
    config = config.model_copy(
        update={
            "aws": config.aws.model_copy(update={"rate_share": math.inf}),
            "history": config.history.model_copy(update={"window": timedelta(seconds=1)}),
        }
    )
    if what == "serve":
        serve(config, address, step, int(count))
    else:
        compact(config, step, int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
