"""What the files of a trail prove: until when every start that CloudTrail has delivered is known.

Stage: beside source.py; pure. One file proves nothing, for files come late and in no order. A queue that has been read
to its end proves that every file is known that was announced before. So, for the account and the Region of a target:

- it proves starts since a file was read, plus `settle`: what was announced before that, nobody knows;
- it proves starts until the newest file that was read, less `settle`: no file, no sign that the trail still logs;
- it proves what could be shown `ANNOUNCED` ago: S3 may take as long to announce a file;
- a file that could not be read ends what was proved: it begins anew behind that file, also over a restart;
- nothing is proved right after a start, while messages that were received before it may still be hidden;
- nothing is proved while more messages wait than one pass takes, or over a pause in which messages have expired.

All of this only makes fewer proofs. What is not proved stays pending, until `lookup` proves it or a day has gone by.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from athena_exporter.records import Evidence, Read, Target
from athena_exporter.sources.cursors import cursor_time

SETTLE = timedelta(minutes=15)
"""How far the times of records reach around the time of their file. CloudTrail names 5 minutes as the average."""
ANNOUNCED = timedelta(minutes=5)
"""How long S3 may take until a file is announced; mostly it is seconds."""
PAUSE = timedelta(minutes=5)
"""Between two proofs for the same target."""
SINCE = "since:"
"""With account and Region behind it, the cursor that says since when the trail's files are known without a gap."""
DRAINED = "drained"
"""The cursor that says when the queue was last read to its end."""


@dataclass(slots=True)
class _Known:
    since: datetime | None = None
    newest: datetime | None = None
    proved_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Coverage:
    """What is known of the files of one queue.

    Args:
        hidden: for how long a message stays hidden that nobody deleted.
        retention: for how long the queue keeps a message.
        settle: how far the times of records reach around the time of their file.
    """

    hidden: timedelta
    retention: timedelta
    settle: timedelta = SETTLE
    _targets: dict[Target, _Known] = field(default_factory=dict)
    _begun_at: datetime | None = None
    _drained_at: datetime | None = None

    def begin(self, cursors: Mapping[str, str], now: datetime) -> None:
        """Take up what was committed, unless messages may have expired since; `now` is AWS's clock."""
        self._begun_at = now
        drained_at = cursor_time(cursors.get(DRAINED))
        if drained_at is None or not timedelta(0) <= now - drained_at < self.retention - self.hidden:
            return
        for key, text in cursors.items():
            target = _target(key)
            if target is not None:
                self._targets[target] = _Known(since=cursor_time(text))

    @property
    def has_begun(self) -> bool:
        """Whether `begin` was called."""
        return self._begun_at is not None

    def read(self, target: Target, at: datetime) -> Mapping[str, str]:
        """A file of this time was read to its end. Answers the cursors that follow."""
        known = self._of(target)
        known.newest = max(at, known.newest or at)
        if known.since is not None:
            return {}
        return self._from(target, at)

    def failed(self, target: Target, at: datetime) -> Mapping[str, str]:
        """A file of this time could not be read, or not all of it. Answers the cursors that follow."""
        since = self._of(target).since
        if since is not None and since >= at + self.settle:
            return {}
        return self._from(target, at)

    def passed_over(self, target: Target, at: datetime) -> Mapping[str, str]:
        """A file of this time was not read, for its target is none now. Should it be one again, the proof begins anew.

        Answers the cursors that follow; none for what was never proved.
        """
        return self.failed(target, at) if target in self._targets else {}

    def _from(self, target: Target, at: datetime) -> Mapping[str, str]:
        known = self._of(target)
        known.since = at + self.settle
        return {f"{SINCE}{target.account_id}/{target.region}": known.since.isoformat()}

    def _of(self, target: Target) -> _Known:
        return self._targets.setdefault(target, _Known())

    def drained(self, reached: datetime, now: datetime) -> Mapping[str, str]:
        """Everything that was sent before `reached` has been read. Answers the cursors that follow, now and then."""
        if self._drained_at is not None and timedelta(0) <= now - self._drained_at < PAUSE:
            return {}
        self._drained_at = now
        return {DRAINED: reached.isoformat()}

    def proofs(self, reached: datetime, now: datetime) -> Iterator[tuple[Target, Read]]:
        """What follows from that, for each target once in a `PAUSE`."""
        if self._begun_at is None or now - self._begun_at < self.hidden:
            return
        for target, known in self._targets.items():
            if known.since is None or known.newest is None:
                continue
            begun_at = reached - ANNOUNCED
            until = min(begun_at, known.newest - self.settle)
            if until > known.since and (known.proved_at is None or now - known.proved_at >= PAUSE):
                known.proved_at = now
                yield target, Read(evidence=Evidence.IDENTITIES, since=known.since, until=until, begun_at=begun_at)


def _target(key: str) -> Target | None:
    account_id, is_there, region = key.removeprefix(SINCE).partition("/")
    return Target(account_id=account_id, region=region) if key.startswith(SINCE) and is_there else None
