"""Why these tests exist: the bill, the licences and the audit are as true as the reading of the locks."""

from pathlib import Path

import pytest

from athena_release import locks
from athena_release.errors import ReleaseError

ROOT = Path(__file__).resolve().parents[2]
A, B = "a" * 64, "b" * 64
LOCK = f"""\
boto3==1.44.5 \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}
    # via
    #   -c requirements/dev.txt
    #   the-product (pyproject.toml)
    #   watch_tower
moto[server]==5.1.0 ; python_full_version < '3.12' \\
    --hash=sha256:{A}
    # via the-product (pyproject.toml:testbed)
"""


def test_an_entry_is_read_whole() -> None:
    boto3, moto = locks.pins(LOCK)
    assert (boto3.name, boto3.version, boto3.marker, boto3.hashes) == ("boto3", "1.44.5", None, (A, B))
    assert boto3.via == ("the-product", "watch-tower")
    assert boto3.purl == "pkg:pypi/boto3@1.44.5"
    assert (moto.name, moto.marker, moto.via) == ("moto", "python_full_version < '3.12'", ("the-product",))


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.stem)
def test_every_lock_of_ours_is_read_without_a_rest(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = locks.read(path)
    assert len(found) == sum(line[0].isalnum() for line in text.splitlines())
    assert sum(len(pin.hashes) for pin in found) == text.count("--hash=")
    known = {pin.name for pin in found} | {locks.project(ROOT / "pyproject.toml").name}
    assert {name for pin in found for name in pin.via} <= known


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("boto3>=1.44\n", "not a line of a lock: 'boto3>=1.44'"),
        ("boto3==1.44.5\n    # via x\n", "boto3==1.44.5 is locked without a hash"),
        ("-e .\nboto3==1.44.5\n", "not a line of a lock: '-e .'"),
    ],
)
def test_what_is_no_lock_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ReleaseError, match="make lock") as raised:
        locks.pins(text)
    assert complaint in str(raised.value)


def test_a_lock_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"can't read .*none\.txt: No such file"):
        locks.read(tmp_path / "none.txt")
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises(ReleaseError, match="locks nothing"):
        locks.read(tmp_path / "empty.txt")


def test_who_needs_a_package_is_followed_to_the_end() -> None:
    def pin(name: str, *via: str) -> locks.Pin:
        return locks.Pin(name=name, version="1", hashes=(A,), via=via)

    locked = [pin("web", "product"), pin("charts", "product"), pin("deep", "shared", "charts"), pin("shared", "web"),
              pin("fonts", "charts"), pin("paint", "fonts")]  # fmt: skip  # a lock
    of = locks.Project(name="product", description="", licence="MIT", needs=("web",), extras={"pictures": ("charts",)})
    assert {pin.name: extras for pin, extras in locks.needed_for(of, locked)} == {
        "web": (), "shared": (), "deep": (), "charts": ("pictures",), "fonts": ("pictures",), "paint": ("pictures",)
    }  # fmt: skip  # a table


def test_the_project_is_what_pyproject_says() -> None:
    of = locks.project(ROOT / "pyproject.toml")
    assert (of.name, of.licence) == ("athena-observability", "Apache-2.0")
    assert {"boto3", "prometheus-client", "sqlglot"} <= set(of.needs)
    assert of.extras["history"] == ("pyarrow",)
    assert of.extras.keys() == {"charts", "history"}
