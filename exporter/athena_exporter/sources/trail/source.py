"""Who started it, and who asked for which table, from CloudTrail's files: announced in a queue, read from S3.

Stage: SQS -> queues.py -> notices.py -> keys.py -> S3 -> scanning.py -> reading.py -> **source** -> records. One queue
has the files of many accounts and Regions, so that one source reads for all targets. What is of none is told by its
key and never fetched. A message is deleted when all that its files told is committed; one whose file cannot be read is
left, comes again, and ends in the queue's dead-letter queue.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.records import Batch, Record, Target
from athena_exporter.sources import Knowledge, errors
from athena_exporter.sources.errors import AwsError
from athena_exporter.sources.queues import LONGEST_WAIT, UNUSED, USED, Message, Poison, Queue, Received
from athena_exporter.sources.session import S3Api
from athena_exporter.sources.starts import MalformedRecordError
from athena_exporter.sources.trail.coverage import Coverage
from athena_exporter.sources.trail.keys import ROOT, read_key
from athena_exporter.sources.trail.notices import AlienNoticeError, Place, announced
from athena_exporter.sources.trail.objects import LEFT, Outcome, content, outcome_of
from athena_exporter.sources.trail.reading import Reading
from athena_exporter.sources.trail.scanning import CorruptFileError, Found, scan

NAME = "trail"
MOST = 50
"""Messages that a pass takes at most; mostly each announces one file."""
RECORDS = 5_000
"""Records of a target that are committed at once, at most."""
VISIBILITY = timedelta(minutes=10)
"""For how long nobody else is given a message: the largest files take seconds, and a pass may bring fifty."""
TOLD = 1_000
"""Files that could not be read of which a line is remembered, so that each is told once."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whose files are wanted. `is_complete`: AWS has answered for all targets of the configuration."""

    targets: frozenset[Target]
    is_complete: bool = True


@dataclass(slots=True, kw_only=True)
class _Pass:
    """What one pass has gathered and not committed yet, and the first error that a file met with."""

    observed_at: datetime
    records: dict[Target, list[Record]] = field(default_factory=dict)
    malformed: Counter[Target] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    cursors: dict[str, str] = field(default_factory=dict)
    failure: AwsError | None = None


class TrailSource:
    """Reads one queue for all targets. One pass waits for messages, and reads the files that they announce.

    Args:
        queue: where the files are announced.
        client: S3's, that of whoever may read the trail's bucket.
        bucket: the trail's; a message about another one is left, for a queue must not choose what is read.
        prefix: what stands before `AWSLogs/` in its keys.
        target: the target under whose name this source shows.
        audience: whose files are wanted, as far as it is known by now.
        reading: how records are read.
        settle: how far the times of records reach around the time of their file.
        wait: how long one pass waits for a message.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        client: S3Api,
        bucket: str,
        prefix: str = "",
        target: Target,
        audience: Callable[[], Audience],
        reading: Reading,
        settle: timedelta,
        wait: timedelta = LONGEST_WAIT,
    ) -> None:
        self._queue = queue
        self._client = client
        self._bucket = bucket
        self._root = f"{prefix.strip('/')}/{ROOT}".lstrip("/")
        self._target = target
        self._audience = audience
        self._reading = reading
        self._settle = settle
        self._wait = wait
        self._coverage: Coverage | None = None
        self._told: deque[Place] = deque(maxlen=TOLD)
        # Once with 0, so that every result has its series from the first pass on.
        self._results = dict.fromkeys((outcome.value for outcome in Outcome), 0)
        for result in (USED, UNUSED, *Poison):
            queue.count(result, 0)

    @property
    def name(self) -> str:
        """`trail`."""
        return NAME

    @property
    def target(self) -> Target:
        """The target under whose name it shows; its batches name the one that they are of."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: the queue's as they are; those of files
                at the end, after all other files of the pass.
        """
        received = self._queue.receive(most=MOST, wait=self._wait)
        coverage = self._begun(knowledge, received)
        now = _Pass(observed_at=received.observed_at, files=Counter(self._results))
        done: list[Message] = []
        for message in received.messages:
            is_done = yield from self._message(message, now, coverage)
            done += [message] if is_done else []
        yield from self._commit(now)
        self._results = {}
        self._queue.delete(done)
        yield from self._prove(received, coverage)
        if now.failure is not None:
            raise now.failure

    def _begun(self, knowledge: Knowledge, received: Received) -> Coverage:
        if self._coverage is None:
            coverage = Coverage(hidden=VISIBILITY, retention=self._queue.retention(), settle=self._settle)
            coverage.begin(knowledge.cursors(NAME), received.observed_at)
            self._coverage = coverage
        return self._coverage

    # -- messages and their files ---------------------------------------------------------------------------------

    def _message(self, message: Message, now: _Pass, coverage: Coverage) -> Generator[Batch, None, bool]:
        """Read what a message announces; answers whether nothing of it has to come again."""
        try:
            places = announced(message.body, self._bucket)
        except AlienNoticeError as error:
            self._queue.leave(message, Poison.ALIEN, str(error))
            return False
        outcomes: set[Outcome] = set()
        for place in places:
            outcomes.add((yield from self._place(place, now, coverage)))
        is_done = LEFT.isdisjoint(outcomes)
        if is_done:
            self._queue.count(USED if Outcome.READ in outcomes else UNUSED)
        return is_done

    def _place(self, place: Place, now: _Pass, coverage: Coverage) -> Generator[Batch, None, Outcome]:
        """Read one file if it is wanted; answers what became of it."""
        name = read_key(place.key)
        if name.target is None or name.at is None or not place.key.startswith(self._root):
            outcome = Outcome.SKIPPED
        elif name.target not in self._audience().targets:
            outcome = Outcome.FOREIGN if self._audience().is_complete else Outcome.WAITING
            now.cursors |= coverage.passed_over(name.target, name.at) if outcome is Outcome.FOREIGN else {}
        else:
            outcome = yield from self._file(place, name.target, now)
            remember = coverage.read if outcome is Outcome.READ else coverage.failed
            now.cursors |= remember(name.target, name.at)
        now.files[outcome.value] += 1
        return outcome

    def _file(self, place: Place, target: Target, now: _Pass) -> Generator[Batch, None, Outcome]:
        try:
            for found in scan(partial(content, self._client, place), self._reading.names):
                self._take(found, target, now)
                if len(now.records.get(target, ())) >= RECORDS:
                    yield from self._commit(now)
        except CorruptFileError as error:
            self._say(place, f"{error}; it is tried again, and then left for the queue's dead-letter queue")
            return Outcome.CORRUPT
        except (ClientError, BotoCoreError) as error:
            return self._unread(place, error, now)
        return Outcome.READ

    def _take(self, found: Found, target: Target, now: _Pass) -> None:
        try:
            record = self._reading.read(found, target)
        except MalformedRecordError:
            now.malformed[target] += 1
        else:
            if record is not None:
                now.records.setdefault(target, []).append(record)

    def _unread(self, place: Place, error: AwsError, now: _Pass) -> Outcome:
        outcome = outcome_of(error)
        if outcome is Outcome.GONE:
            self._say(place, "it has been deleted; who started the queries in it stays unknown to this source")
        else:
            self._say(place, errors.explain(error))
            now.failure = now.failure or error
        return outcome

    def _say(self, place: Place, words: str) -> None:
        if place not in self._told:
            self._told.append(place)
            _log.warning("%s: s3://%s/%s: %s", NAME, place.bucket, place.key, words)

    # -- batches --------------------------------------------------------------------------------------------------

    def _commit(self, now: _Pass) -> Iterator[Batch]:
        """What has been gathered, a batch for each target; what was counted goes with the source's own."""
        for target in {**now.records, **now.malformed}:
            yield Batch(
                source=NAME,
                target=target,
                observed_at=now.observed_at,
                records=tuple(now.records.get(target, ())),
                malformed=now.malformed[target],
            )
        messages, files, cursors = self._queue.take_results(), dict(now.files), dict(now.cursors)
        for gathered in (now.records, now.malformed, now.files, now.cursors):
            gathered.clear()
        if messages or files or cursors:
            yield Batch(
                source=NAME,
                target=self._target,
                observed_at=now.observed_at,
                messages=messages,
                files=files,
                cursors=cursors,
            )

    def _prove(self, received: Received, coverage: Coverage) -> Iterator[Batch]:
        """What an emptied queue proves. After a full pass nobody knows whether it was emptied."""
        now = received.observed_at
        if len(received.messages) >= MOST:
            return
        for target, read in coverage.proofs(received.reached, now):
            if target in self._audience().targets:
                yield Batch(source=NAME, target=target, observed_at=now, reads=(read,))
        cursors = coverage.drained(received.reached, now)
        if cursors:
            yield Batch(source=NAME, target=self._target, observed_at=now, cursors=cursors)
