"""Whom to address: a file that people keep, a user who is an e-mail address already, the tag `owner` of a workgroup."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from athena_exporter.budgets import Globs, Per
from athena_exporter.config import ConfigError, PersonSettings, load_people
from athena_exporter.config.people import is_email
from athena_exporter.outlets.notifications.notice import Notice

_log = logging.getLogger(__name__)
_Seen: TypeAlias = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to address, as far as it is known how. `slack` is the id of a member or of a group."""

    name: str | None = None
    email: str | None = None
    slack: str | None = None


class People:
    """The file, read again whenever it has changed. Safe to ask from several threads: it is replaced as a whole.

    A change that makes it unreadable is one line in the log with place and mend; what stood in it before holds on.
    """

    def __init__(self, path: Path | None) -> None:
        """Raises ConfigError: what stands in the file now cannot be right."""
        self._path = path
        self._seen: _Seen = _look(path)
        self._entries = _entries({} if path is None else load_people(path))

    def addressed(self, notice: Notice) -> tuple[Person, ...]:
        """Whom a notice is for: by its subject, else by the owners of the workgroups behind it."""
        self._refresh()
        named = notice.subject if notice.action is None else notice.action.user
        person = self._find(named) or self._find(notice.subject)
        if person is None and _is_user(notice) and is_email(named):
            person = Person(email=named)
        if person is not None:
            return (person,)
        owners = () if notice.standing is None else notice.standing.owners
        return tuple(dict.fromkeys(self._owner(one) for one in owners))

    def _owner(self, told: str) -> Person:
        """A tag may hold an address, or a name that the file knows, or a name that nobody knows."""
        return self._find(told) or (Person(email=told) if is_email(told) else Person(name=told))

    def _find(self, subject: str) -> Person | None:
        return next((person for globs, person in self._entries if globs.fit(subject)), None)

    def _refresh(self) -> None:
        seen = _look(self._path)
        if self._path is None or seen == self._seen:
            return
        self._seen = seen
        try:
            self._entries = _entries(load_people(self._path))
        except ConfigError as error:
            for line in error.lines:
                _log.warning("%s; what stood there before holds on", line)


def _is_user(notice: Notice) -> bool:
    return notice.standing is None or notice.standing.per == Per.USER


def _look(path: Path | None) -> _Seen:
    """What tells that a file has changed; None while it cannot be seen."""
    try:
        found = None if path is None else path.stat()
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)


def _entries(told: Mapping[str, PersonSettings]) -> list[tuple[Globs, Person]]:
    return list(_persons(told))


def _persons(told: Mapping[str, PersonSettings]) -> Iterator[tuple[Globs, Person]]:
    for pattern, one in told.items():
        yield Globs((pattern,)), Person(name=one.name, email=one.email, slack=one.slack)
