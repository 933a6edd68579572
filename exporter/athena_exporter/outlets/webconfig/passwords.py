"""Names and passwords against bcrypt hashes: slow for whoever guesses, quick for whoever was right before.

Stage: web configuration -> **passwords** -> server. Nobody learns from the time of an answer which names exist.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from threading import BoundedSemaphore, Lock

import bcrypt

_LONGEST = 72
"""Bytes that bcrypt looks at; other programs cut silently, so a hash that they made fits the cut password."""
_AT_ONCE = 4
"""How many may wait for a hash to be computed: the others' threads stay free for scrapes."""


class Crowded(Exception):  # noqa: N818  a state of the moment, not a mistake
    """More passwords are being checked than there is room for."""


class Passwords:
    """Remembers, as salted digests in memory, which password each name was right with."""

    def __init__(self) -> None:
        """The salt is the process's own: what a memory dump holds can't be looked up in tables."""
        self._salt = secrets.token_bytes(32)
        self._nobody = secrets.token_bytes(32)
        self._right: dict[bytes, bytes] = {}
        self._turn = Lock()
        self._room = BoundedSemaphore(_AT_ONCE)

    def admit(self, users: Mapping[bytes, bytes], user: bytes, password: bytes) -> bool:
        """Whether `users` (name -> bcrypt hash) has the name with this password.

        A name that doesn't exist takes as long as the dearest hash that does.

        Raises:
            Crowded: too many wait already; whoever was right before is never turned away so.
        """
        hashed = users.get(user)
        against = _dearest(users) if hashed is None else hashed
        password = password[:_LONGEST]
        digest = self._digest(user, against, password)
        if hmac.compare_digest(self._right.get(user, self._nobody), digest):
            return hashed is not None
        if self._fits(against, password) and hashed is not None:
            self._right[user] = digest
            return True
        return False

    def _digest(self, *parts: bytes) -> bytes:
        lengths = b"".join(len(part).to_bytes(8, "big") for part in parts)
        return hmac.new(self._salt, lengths + b"".join(parts), hashlib.sha256).digest()

    def _fits(self, hashed: bytes, password: bytes) -> bool:
        """One at a time: hashing is made to be dear, and guesses must not take every processor."""
        if not self._room.acquire(blocking=False):
            raise Crowded
        try:
            with self._turn:
                return bcrypt.checkpw(password, hashed)
        finally:
            self._room.release()


def _dearest(users: Mapping[bytes, bytes]) -> bytes:
    """A hash that no password fits, as dear as the dearest one there is."""
    cost = max(hashed.split(b"$")[2] for hashed in users.values())
    return b"$2b$" + cost + b"$" + b"." * 53
