"""How people are named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.config.model import Privacy
from athena_exporter.records import Identity, Kind
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import KEY_VARIABLE, Naming, PrivacyKeyError, read_key
from athena_exporter.sources.text import clean

KEY = b"0123456789abcdef0123456789abcdef"
RULES = IdentityRules.of()


def naming(mode: Privacy, key: bytes = KEY) -> Naming:
    return Naming(mode=mode, key=key if mode is Privacy.PSEUDONYM else b"", rules=RULES)


def who(user: str, kind: Kind = Kind.PERSON, role: str | None = None) -> Identity:
    return Identity(user=user, role=role, kind=kind, client="console")


JANE = who("jane@example.org", role="sso:Analyst")


def test_plain_names_stay() -> None:
    assert naming(Privacy.PLAIN).identity(JANE) == JANE
    assert naming(Privacy.PLAIN).person("jane") == "jane"


def test_a_pseudonym_is_the_same_for_the_same_key_and_person_only() -> None:
    one, again = (naming(Privacy.PSEUDONYM).identity(JANE) for _ in range(2))
    assert one == again == who("u_04069048bffc", role="sso:Analyst")
    assert naming(Privacy.PSEUDONYM, key=b"another key, as long").identity(JANE).user != one.user
    assert naming(Privacy.PSEUDONYM).identity(who("john@example.org")).user != one.user
    assert naming(Privacy.PSEUDONYM).person("jane@example.org") == one.user


def test_a_role_stands_for_all_its_persons() -> None:
    roles = naming(Privacy.ROLE_ONLY)
    assert roles.identity(JANE) == who("sso:Analyst", role="sso:Analyst")
    assert roles.identity(who("Alice")) == who("person")
    assert roles.identity(who("Admin/jane", Kind.ROLE, "Admin")) == who("Admin", Kind.ROLE, "Admin")
    assert roles.person("jane") == "person"


@pytest.mark.parametrize("mode", [Privacy.PSEUDONYM, Privacy.ROLE_ONLY])
@pytest.mark.parametrize(
    "known",
    [
        who("etl-role", Kind.SERVICE, "etl-role"),
        who("quicksight.amazonaws.com", Kind.SERVICE),
        who("unknown", Kind.UNKNOWN),
        who("root", Kind.UNKNOWN),
        who("account:111122223333", Kind.UNKNOWN),
        who("Admin", Kind.ROLE, "Admin"),
    ],
)
def test_who_is_no_person_keeps_the_name(mode: Privacy, known: Identity) -> None:
    assert naming(mode).identity(known) == known


def test_a_name_of_unknown_kind_may_be_a_person() -> None:
    assert naming(Privacy.PSEUDONYM).identity(who("jane", Kind.UNKNOWN)).user.startswith("u_")
    assert naming(Privacy.ROLE_ONLY).identity(who("account:jane", Kind.UNKNOWN)).user == "unknown"


def test_a_role_that_is_named_after_its_person_does_not_tell_the_person() -> None:
    known = who("jdoe", role="alpha_user_jdoe")
    hidden = naming(Privacy.PSEUDONYM).identity(known)
    assert hidden.role == f"alpha_user_{hidden.user}"
    assert naming(Privacy.ROLE_ONLY).identity(known) == who("alpha_user_*", role="alpha_user_*")
    other = naming(Privacy.ROLE_ONLY).identity(who("jane@example.org", role="alpha_user_jdoe"))
    assert other.role == "alpha_user_*"
    whole = Naming(mode=Privacy.ROLE_ONLY, rules=IdentityRules.of(["^jdoe$"]))
    assert whole.identity(who("jdoe", role="jdoe")) == who("person")


@given(
    user=st.text(min_size=3).map(lambda text: f"ü{clean(text) or 'x'}ü"),
    prefix=st.sampled_from(["", "team-", "alpha_user_"]),
    kind=st.sampled_from(Kind),
)
def test_a_person_is_in_nothing_that_is_kept(user: str, prefix: str, kind: Kind) -> None:
    known = who(user, kind, prefix + user)
    if kind is Kind.SERVICE or (not prefix and known.user == known.role):
        return
    for mode in (Privacy.PSEUDONYM, Privacy.ROLE_ONLY):
        kept = naming(mode).identity(known)
        assert known.user not in kept.user + (kept.role or "")


def test_a_key_comes_from_the_file_else_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(KEY + b"\n")
    assert read_key(file, {}) == KEY
    assert read_key(None, {KEY_VARIABLE: KEY.decode()}) == KEY
    assert Naming.of(Privacy.PSEUDONYM, RULES, file, {}).key == KEY


def test_a_missing_or_weak_key_is_refused_in_one_clear_line(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_bytes(b"  0123456789abcde  ")
    for file, environment, words in (
        (None, {}, f"{KEY_VARIABLE}: identity.privacy: pseudonym needs a key, and there is none"),
        (None, {KEY_VARIABLE: "short"}, f"{KEY_VARIABLE}: the key has 5 bytes and needs 16 at least"),
        (short, {}, f"identity.pseudonym_key_file: {short}: the key has 15 bytes and needs 16 at least"),
        (tmp_path / "none", {}, "No such file or directory: make it readable to the exporter"),
        (tmp_path, {}, "Is a directory"),
    ):
        with pytest.raises(PrivacyKeyError) as refused:
            Naming.of(Privacy.PSEUDONYM, RULES, file, environment)
        assert words in str(refused.value)
        assert "\n" not in str(refused.value)
    with pytest.raises(PrivacyKeyError):
        Naming(mode=Privacy.PSEUDONYM, key=b"short")


def test_no_key_is_asked_for_where_none_is_needed(tmp_path: Path) -> None:
    assert Naming.of(Privacy.ROLE_ONLY, RULES, tmp_path / "none", {}).key == b""
