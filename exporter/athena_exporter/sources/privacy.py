"""How people are named, decided before anything is kept: as they are, by a pseudonym, or by their role alone.

Stage: identity.py, workloads.py -> **privacy** -> records. A plain hash of a mail address is found by trying
addresses, so the pseudonym has a key; who holds the key can still tell who it was.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from athena_exporter.config.model import Privacy
from athena_exporter.records import UNKNOWN, Identity, Kind
from athena_exporter.sources.identity import ROOT, IdentityRules, is_account

KEY_VARIABLE = "ATHENA_EXPORTER_PSEUDONYM_KEY"
"""The environment's word for the key, where no file is configured."""
SHORTEST_KEY = 16
"""Bytes that a key needs at least, else it could be found by trying."""
LONGEST_KEY = 4096
_DIGITS = 12
_SHORTEST_NAME = 3


class PrivacyKeyError(Exception):
    """The key of the pseudonyms is missing or too weak; the message says where and how to mend it."""


def read_key(file: Path | None, environment: Mapping[str, str]) -> bytes:
    """The key of the pseudonyms: the file's bytes without blanks around them, else the environment's.

    Raises:
        PrivacyKeyError: there is none, it cannot be read, or it has less than `SHORTEST_KEY` bytes.
    """
    if file is None:
        return _strong(environment.get(KEY_VARIABLE, "").encode(errors="surrogateescape"), KEY_VARIABLE)
    where = f"identity.pseudonym_key_file: {file}"
    try:
        with file.open("rb") as key:
            return _strong(key.read(LONGEST_KEY), where)
    except OSError as error:
        raise PrivacyKeyError(f"{where}: {error.strerror or error}: make it readable to the exporter") from error


def _strong(found: bytes, where: str) -> bytes:
    key = found.strip()
    if len(key) >= SHORTEST_KEY:
        return key
    if key:
        wrong = f"the key has {len(key)} bytes and needs {SHORTEST_KEY} at least"
    else:
        wrong = "identity.privacy: pseudonym needs a key, and there is none"
    raise PrivacyKeyError(f"{where}: {wrong}; write one with: openssl rand -hex 32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Names people as the configuration wants it. Services keep their names, and so do accounts and nobody.

    `rules` tell the roles that belong to one person each: such a role's name is the person's.
    """

    mode: Privacy = Privacy.PLAIN
    key: bytes = b""
    rules: IdentityRules = field(default_factory=lambda: IdentityRules(person_roles=()))

    def __post_init__(self) -> None:
        """A pseudonym without its key would be no pseudonym."""
        if self.mode is Privacy.PSEUDONYM and len(self.key) < SHORTEST_KEY:
            raise PrivacyKeyError(f"a pseudonym needs a key of {SHORTEST_KEY} bytes at least")

    @classmethod
    def of(cls, mode: Privacy, rules: IdentityRules, key_file: Path | None, environment: Mapping[str, str]) -> Self:
        """The configured way; the key is read only where the mode needs one. Raises PrivacyKeyError."""
        key = read_key(key_file, environment) if mode is Privacy.PSEUDONYM else b""
        return cls(mode=mode, key=key, rules=rules)

    def identity(self, known: Identity) -> Identity:
        """The identity as it may be kept."""
        if self.mode is Privacy.PLAIN or known.kind is Kind.SERVICE or self._names_nobody(known):
            return known
        role = self._role(known)
        if self.mode is Privacy.ROLE_ONLY:
            return replace(known, user=role or known.kind.value, role=role)
        return replace(known, user=self._pseudonym(known.user), role=role)

    def person(self, label: str) -> str:
        """The name of a person that a tool wrote into its statement."""
        if self.mode is Privacy.PLAIN:
            return label
        return Kind.PERSON.value if self.mode is Privacy.ROLE_ONLY else self._pseudonym(label)

    def _names_nobody(self, known: Identity) -> bool:
        if known.user == known.role:
            return self.rules.person(known.user) is None
        return known.kind is Kind.UNKNOWN and (known.user in {UNKNOWN, ROOT} or is_account(known.user))

    def _pseudonym(self, label: str) -> str:
        digest = hmac.new(self.key, label.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
        return f"u_{digest[:_DIGITS]}"

    def _role(self, known: Identity) -> str | None:
        """The role, without the person it may be named after."""
        role = known.role
        if role is None:
            return None
        person = self.rules.person(role)
        name = person or (known.user if len(known.user) >= _SHORTEST_NAME else "")
        if not name or name == role or name not in role:
            return None if person else role
        return role.replace(name, "*" if self.mode is Privacy.ROLE_ONLY else self._pseudonym(name))
