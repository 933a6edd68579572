"""Why these tests exist: "no advisory is known" must mean that somebody was asked, about everything that is locked."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from athena_release import audit
from athena_release.audit import Accepted, Finding
from athena_release.cli import main
from athena_release.errors import ReleaseError
from athena_release.locks import Pin

TODAY = date(2026, 3, 10)
HASH = "a" * 64


def pin(name: str, version: str) -> Pin:
    return Pin(name=name, version=version, hashes=(HASH,))


def test_every_version_is_asked_for_once_and_no_list_has_a_package_twice() -> None:
    locked = {
        "runtime": [pin("numpy", "1"), pin("numpy", "2"), pin("boto3", "9")],
        "dev": [pin("numpy", "1"), pin("boto3", "9"), pin("pytest", "5")],
        "scanners": [pin("boto3", "3"), pin("numpy", "0")],
    }
    rounds = [[(one.name, one.version) for one in each] for each in audit.rounds(locked)]
    assert rounds == [
        [("numpy", "1"), ("boto3", "9"), ("pytest", "5")],
        [("numpy", "2"), ("boto3", "3")],
        [("numpy", "0")],
    ]


FOUND = Finding(package="a", version="1.0", ids=("PYSEC-1", "CVE-1"), fixed=("1.1",), locked_in=("runtime",))


def decision(**changed: Any) -> Accepted:
    given = {"id": "CVE-1", "package": "a", "reason": "not used", "decided": TODAY, "until": date(2026, 6, 10)}
    return Accepted(**{**given, **changed})


def judged(*decided: Accepted, found: Sequence[Finding] = (FOUND,), all_known: bool = True) -> tuple[int, list[str]]:
    fine, faults = audit.verdict(found, decided, today=TODAY, all_known=all_known)
    return len(fine), faults


def test_a_finding_is_named_with_its_lock_and_its_mend() -> None:
    mend = "upgrade it, or accept it with a reason in requirements/advisories.toml"
    assert judged() == (0, [f"a 1.0 (runtime): PYSEC-1 CVE-1, fixed in 1.1; {mend}"])


def test_what_was_accepted_is_fine_until_its_day() -> None:
    assert judged(decision()) == (1, [])
    assert judged(decision(id="PYSEC-1")) == (1, [])
    _, (late,) = judged(decision(until=TODAY))
    assert late.endswith("it was accepted until 2026-03-10: decide anew")


def test_a_decision_is_about_one_package() -> None:
    done, faults = judged(decision(package="b"))
    assert (done, len(faults)) == (0, 2)
    assert faults[1] == "CVE-1 of b is accepted and not found any more: remove it"


def test_what_part_of_the_advisories_does_not_tell_may_still_be_true() -> None:
    assert judged(decision(), found=(), all_known=False) == (0, [])
    assert judged(decision(), found=()) == (0, ["CVE-1 of a is accepted and not found any more: remove it"])


ENTRY = '[[accepted]]\nid = "CVE-1"\npackage = "a"\nreason = "not used"\ndecided = 2026-03-10\nuntil = 2026-06-10\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[accepted]\n", "advisories.toml: "),
        (ENTRY.replace('package = "a"\n', ""), "it needs id, package, reason, decided, until"),
        (ENTRY.replace("not used", "unused"), "needs a reason in words"),
        (ENTRY.replace("2026-06-10", '"2026-06-10"'), "two days without quotes"),
        (ENTRY.replace("2026-06-10", "2026-03-01"), "`until` after `decided`"),
    ],
)
def test_a_decision_without_reason_or_end_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "advisories.toml"
    path.write_text(text)
    with pytest.raises(ReleaseError) as raised:
        audit.accepted(path)
    assert complaint in str(raised.value)
    assert raised.value.exit_code == 2


def test_ours_are_read() -> None:
    for one in audit.accepted(Path(__file__).resolve().parents[2] / "requirements" / "advisories.toml"):
        assert one.decided < one.until


ADVISORY = {
    "id": "PYSEC-2099-1",
    "modified": "2099-01-01T00:00:00Z",
    "aliases": ["CVE-2099-1"],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "some-package"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
        }
    ],
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree with two locks and one advisory: one package is affected in an old version, on some machines only."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    (requirements / "runtime.txt").write_text(
        f"some-package==1.9 ; sys_platform == 'plan9' \\\n    --hash=sha256:{HASH}\n    # via x\n"
        f"six==1.17.0 \\\n    --hash=sha256:{HASH}\n    # via x\n"
    )
    (requirements / "dev.txt").write_text(f"some-package==2.0 \\\n    --hash=sha256:{HASH}\n    # via x\n")
    (requirements / "advisories.toml").write_text("")
    (tmp_path / "known").mkdir()
    (tmp_path / "known" / "one.json").write_text(json.dumps(ADVISORY))
    return tmp_path


def audited(tree: Path, program: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["audit", "--root", str(tree), "--program", str(program), *more])


def test_a_version_that_is_affected_is_found_whatever_machine_it_is_for(tree: Path, pip_audit: Path) -> None:
    result = audited(tree, pip_audit, "--advisories", str(tree / "known"))
    assert result.exit_code == 1, result.output
    assert result.stderr == (
        "release: some-package 1.9 (runtime): PYSEC-2099-1 CVE-2099-1, fixed in 2.0; "
        "upgrade it, or accept it with a reason in requirements/advisories.toml\n"
    )


def test_with_a_reason_it_is_told_and_let_through(tree: Path, pip_audit: Path) -> None:
    accepted = ENTRY.replace("CVE-1", "CVE-2099-1").replace('"a"', '"some-package"').replace("2026-06-10", "9999-01-01")
    (tree / "requirements" / "advisories.toml").write_text(accepted)
    result = audited(tree, pip_audit, "--advisories", str(tree / "known"))
    assert result.exit_code == 0, result.output
    first, last = result.stdout.splitlines()
    assert first.endswith("accepted until 9999-01-01: not used")
    assert last.startswith("audit: 3 versions in 2 locks, 1 advisories, all accepted (")


def test_a_service_that_nobody_reaches_has_an_exit_code_of_its_own(tree: Path, pip_audit: Path) -> None:
    result = audited(tree, pip_audit, "--url", "http://127.0.0.1:9/v1/query")
    assert result.exit_code == audit.OUT_OF_REACH, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("release: the advisory service can't be reached, so nothing is known (")


def test_a_program_that_fails_is_not_taken_for_a_clean_audit(tree: Path) -> None:
    program = tree / "pip-audit"
    program.write_text("#!/bin/sh\necho 'of no use' >&2\n")
    program.chmod(0o755)
    result = audited(tree, program)
    assert (result.exit_code, result.stderr) == (2, "release: pip-audit failed: of no use\n")


def test_a_package_that_was_left_out_is_not_taken_for_a_sound_one(tree: Path) -> None:
    program = tree / "pip-audit"
    program.write_text('#!/bin/sh\necho \'{"dependencies": [{"name": "six", "skip_reason": "not found"}]}\'\n')
    program.chmod(0o755)
    result = audited(tree, program)
    assert (result.exit_code, result.stderr) == (2, "release: pip-audit left out six: not found\n")
