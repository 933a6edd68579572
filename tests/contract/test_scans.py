"""Why these tests exist: a rule that is left out without a reason is a hole that nobody decided on."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKOV = (ROOT / ".checkov.yaml").read_text(encoding="utf-8")
BESIDE = re.compile(r"checkov:skip=(?P<rule>\w+):?(?P<reason>.*)")
IN_FILE = re.compile(r"^ +- (?P<rule>CKV\w+)(?P<reason>.*)$", re.MULTILINE)


def is_reason(text: str) -> bool:
    return len(re.findall(r"[A-Za-z][\w']*", text)) >= 2


def skipped_beside() -> list[tuple[str, str, str]]:
    return [
        (str(path.relative_to(ROOT)), found["rule"], found["reason"])
        for path in sorted((ROOT / "terraform").rglob("*.tf"))
        for found in BESIDE.finditer(path.read_text(encoding="utf-8"))
    ]


def test_every_rule_that_is_left_out_has_its_reason() -> None:
    found = IN_FILE.findall(CHECKOV)
    assert len(found) > 5
    assert [rule for rule, reason in found if not is_reason(reason)] == []
    assert len({rule for rule, _ in found}) == len(found)


def test_every_rule_that_one_resource_is_spared_has_its_reason() -> None:
    found = skipped_beside()
    assert found
    assert [(file, rule) for file, rule, reason in found if not is_reason(reason)] == []


def test_no_rule_is_left_out_twice() -> None:
    everywhere = {rule for rule, _ in IN_FILE.findall(CHECKOV)}
    assert [(file, rule) for file, rule, _ in skipped_beside() if rule in everywhere] == []


def test_a_reason_that_points_at_another_has_one_to_point_at() -> None:
    reasons = dict(IN_FILE.findall(CHECKOV))
    pointing = {rule: re.findall(r"\bas (CKV\w+)", reason) for rule, reason in reasons.items()}
    assert [rule for rule, others in pointing.items() for other in others if other not in reasons] == []


def test_all_modules_are_scanned_but_those_without_a_resource_of_aws() -> None:
    (paths,) = re.findall(r"^skip-path:\n((?: +- .*\n)+)", CHECKOV, flags=re.MULTILINE)
    lines = paths.splitlines()
    assert [line for line in lines if not is_reason(line.partition("#")[2])] == []
    for line in lines:
        folder = ROOT / line.split()[1]
        texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.tf")]
        assert texts
        assert [text for text in texts if re.search(r'^resource "aws_', text, flags=re.MULTILINE)] == []
