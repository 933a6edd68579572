"""The lease: who may write a ledger on a disk whose locks cannot be trusted alone.

Stage: holder -> **lease** -> store. A file beside the ledger that its holder changes again and again. Whoever wants
the ledger watches it with his own clock and comes in once it has stood still for longer than it is good for; the
holder stops before that, by his own clock. No two clocks are ever compared, only how fast they go (within a tenth).
Locks of NFS may be lost with the connection (man 2 fcntl, "Record locks"), or be none at all; a lease needs only that
a file which was closed reads as it was written for whoever opens it afterwards (close-to-open, which EFS promises:
https://docs.aws.amazon.com/efs/latest/ug/features.html#consistency).
"""

import errno
import json
import logging
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from athena_exporter.ledger.errors import LedgerError, ReplacedError
from athena_exporter.ledger.holder import Here, Holder

LONGEST = timedelta(minutes=10)
"""What a lease file claims beyond that is not believed, and not waited for."""
_LENGTH = 1024
"""Bytes of the file: always the same, written over, so that a full disk takes no lease away."""
_BEATS = 3
"""So often within its length a lease is renewed."""
_MARGIN = 0.1
"""The part of its length by which a holder stops earlier than others begin, and for which a claim has to stand."""
_LOOKS = 20
"""So often within its length a stranger's lease is looked at."""
_TRIES = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a lease file says. `seconds`: how long it is good for after each beat."""

    holder: Holder
    beat: int
    seconds: float
    is_released: bool


class Lease:
    """The lease of one ledger, held from the end of `take` until `release`, or until it is lost for good."""

    def __init__(self, ledger_path: Path, length: timedelta, here: Here) -> None:
        """Nothing is touched before `take`."""
        self._ledger_path = ledger_path
        self._path = lease_path(ledger_path)
        self._seconds = length.total_seconds()
        self._here = here
        self._beat = 0
        self._written = b""
        self._renewed_at = 0.0
        self._lost: str | None = None
        self._trouble: str | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    # -- taking ---------------------------------------------------------------------------------------------------

    def take(self, *, is_locked_by_us: bool) -> None:
        """Wait until the lease is free, or has stood still for longer than it is good for, and make it ours.

        Raises:
            LedgerError: somebody holds it and is alive, or its file cannot be read or written.
        """
        for _ in range(_TRIES):
            seen = self._read()
            self._wait_until_free(seen, is_locked_by_us=is_locked_by_us)
            began = self._here.clock()
            if self._read() == seen and self._claimed_within(began):
                return
        raise LedgerError(
            f"ledger {self._ledger_path}: its disk is too slow for a lease of {self._seconds:g} s, or several "
            "exporters want it at once; make ledger.lease longer, or let one of them start"
        )

    def _wait_until_free(self, seen: bytes | None, *, is_locked_by_us: bool) -> None:
        said = read(seen)
        is_free = seen is None or (said is not None and (said.is_released or self._here.is_dead(said.holder)))
        if not is_free:
            self._watch(seen, said)
        elif not is_locked_by_us:  # a writer without a lease, or one that begins to write at this moment
            raise LedgerError(
                f"ledger {self._ledger_path}: another exporter uses it; one ledger has one writer, end that one first"
            )

    def _watch(self, seen: bytes | None, said: Said | None) -> None:
        """Return when the file has not changed for as long as it is good for, or is given back."""
        seconds = self._seconds if said is None else max(self._seconds, min(said.seconds, LONGEST.total_seconds()))
        whose = "cannot be read as one" if said is None else f"was last renewed by {said.holder}"
        _log.warning(
            "ledger %s: waiting for %.0f s: its lease %s, and may still be in use", self._ledger_path, seconds, whose
        )
        began = self._here.clock()
        while self._here.clock() - began <= seconds:
            self._here.pause(self._seconds / _LOOKS)
            if (now := self._read()) != seen:
                found = read(now)
                if found is not None and not found.is_released:
                    raise LedgerError(
                        f"ledger {self._ledger_path}: another exporter uses it ({found.holder}); one ledger has one "
                        "writer, end that one first"
                    )
                return
        _log.warning("ledger %s: its lease stood still for %.0f s: taking it over", self._ledger_path, seconds)

    def _claimed_within(self, began: float) -> bool:
        """Claim the lease and let the claim stand for a while; False if that was too slow to exclude a rival.

        Two who have both read a free lease write one after the other. Each writes within half of the time for which
        it then waits, so that the first of them sees what the second has written.
        """
        settle = self._seconds * _MARGIN
        self._write()
        if self._here.clock() - began > settle / 2:
            return False
        self._here.pause(settle)
        self._renewed_at = began
        self.confirm()
        return True

    def confirm(self) -> None:
        """Go on only if the file still says what we have written. Raises LedgerError."""
        found = self._read()
        if found != self._written:
            said = read(found)
            whom = "another exporter" if said is None else str(said.holder)
            raise LedgerError(
                f"ledger {self._ledger_path}: {whom} takes it at the same time; one ledger has one writer, end that "
                "one first"
            )

    # -- keeping --------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Renew it from now on in a thread of its own."""
        self._thread = threading.Thread(target=self._beat_on, name="lease", daemon=True)
        self._thread.start()

    def _beat_on(self) -> None:
        while self._lost is None and not self._ending.wait(self._seconds / _BEATS):
            self.renew()

    def renew(self) -> None:
        """Say once more that we are here. What goes wrong is said, and ends the lease when its time is up."""
        began = self._here.clock()
        try:
            if self._is_lapsed() or self._has_a_double():
                return
            self._write()
        except LedgerError as error:
            self._complain(str(error))
            return
        # It is ours until the time that the last beat gave; whether this one came in time is known only now.
        if not self._is_lapsed():
            self._renewed_at, self._trouble = began, None

    def _has_a_double(self) -> bool:
        """Whether a copy of this process, as a clone of a machine holds it, writes into the file, too."""
        found = self._read()
        if found == self._written:
            return False
        said = read(found)
        if said is not None and said.holder.token == self._here.me.token:
            self.lose(f"ledger {self._ledger_path}: a copy of this process writes it, too; this one ends")
            return True
        _log.warning("ledger lease %s: somebody else has changed it; written anew", self._path)
        return False

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            left = self._renewed_at + self._good_for - self._here.clock()
            _log.warning("%s; this exporter ends in %.0f s if that goes on", trouble, max(0.0, left))
        self._trouble = trouble

    def _is_lapsed(self) -> bool:
        """Whether it was not renewed in time. Then it never will be: others may have begun."""
        if self._lost is None and self._here.clock() - self._renewed_at > self._good_for:
            why = self._trouble or "this process or its disk stood still"
            self.lose(
                f"ledger {self._ledger_path}: its lease was not renewed for {self._good_for:g} s ({why}), and another "
                "exporter may have taken it over; this one ends, and nothing is lost"
            )
        return self._lost is not None

    @property
    def _good_for(self) -> float:
        return self._seconds * (1 - _MARGIN)

    def doubt(self) -> str | None:
        """Why we may no longer be the writer, in one line; None while we are."""
        self._is_lapsed()
        return self._lost

    def hold(self) -> None:
        """Go on only while the lease is ours. Raises ReplacedError."""
        if (doubt := self.doubt()) is not None:
            raise ReplacedError(doubt)

    def lose(self, why: str) -> None:
        """It is ours no longer, for good."""
        self._lost = self._lost or why

    def release(self) -> None:
        """Give it back, so that the next one need not wait; a lost one stays as it is."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(self._seconds)
        if self.doubt() is None:
            try:
                if self._read() == self._written:
                    self._write(is_released=True)
            except LedgerError as error:
                _log.warning("%s; the next exporter has to wait for it", error)

    # -- the file -------------------------------------------------------------------------------------------------

    def _read(self) -> bytes | None:
        """What the file holds, None if there is none. Opened anew each time: only then NFS looks at the server."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("read", error) from error
        try:
            return os.read(descriptor, 2 * _LENGTH) or None
        except OSError as error:
            raise self._unusable("read", error) from error
        finally:
            os.close(descriptor)

    def _write(self, *, is_released: bool = False) -> None:
        """Not synced to the disk: whoever opens the file has to see it, and after a power cut nobody holds a lease."""
        self._beat += 1
        document = {
            "beat": self._beat,
            "seconds": self._seconds,
            "released": is_released,
            "holder": self._here.me.document(),
        }
        text = json.dumps(document).encode().ljust(_LENGTH - 1) + b"\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.pwrite(descriptor, text, 0)
            finally:
                os.close(descriptor)  # NFS tells here what it could not write
        except OSError as error:
            raise self._unusable("written", error) from error
        self._written = text

    def _unusable(self, how: str, error: OSError) -> LedgerError:
        trouble = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or "not usable").lower()
        return LedgerError(f"ledger lease {self._path}: cannot be {how}: {trouble}; the file has to be writable")


def lease_path(ledger_path: Path) -> Path:
    """Where the lease of a ledger is."""
    return ledger_path.with_name(ledger_path.name + ".lease")


def read(text: bytes | None) -> Said | None:
    """What a lease file says, None if that is nothing that one can understand: torn, empty, of another kind."""
    try:
        document = json.loads(text or b"")
        return Said(
            holder=Holder.read(document["holder"]),
            beat=int(document["beat"]),
            seconds=float(document["seconds"]),
            is_released=document["released"] is True,
        )
    except (ValueError, KeyError, TypeError):
        return None
