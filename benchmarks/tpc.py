"""Are the tables of all TPC-DS and TPC-H queries told exactly? sqlglot's source distribution carries the queries.

    python benchmarks/tpc.py      (make tpc)

The distribution of the locked version is downloaded into a temporary folder. The truth comes from sqlglot's optimiser,
whose output stands beside each query there: it writes every base table as `"table" AS "alias"` behind FROM or JOIN.
"""

import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from athena_exporter.records import Mode
from athena_exporter.sources.tables import SqlReader

SUITES = {"tpc-ds": 99, "tpc-h": 22}
COMMENT = re.compile(r"--[^\n]*|^# execute.*$", re.MULTILINE)


def downloaded(folder: Path) -> Path:
    wanted = f"sqlglot=={version('sqlglot')}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-binary", "sqlglot", "--dest", str(folder), wanted], check=True)
    (archive,) = folder.glob("sqlglot-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz")) / "tests" / "fixtures" / "optimizer"


def pairs(folder: Path, suite: str) -> Iterator[tuple[str, str]]:
    """Each query and its optimised form."""
    text = COMMENT.sub("", (folder / suite / f"{suite}.sql").read_text(encoding="utf-8"))
    statements = [statement for statement in text.split(";") if statement.strip()]
    return zip(statements[::2], statements[1::2], strict=True)


def base_tables(optimised: str, known: set[str]) -> set[str]:
    expressions = set(re.findall(r'"(\w+)" AS \(', optimised))
    return set(re.findall(r'(?:FROM|JOIN)\s+"(\w+)" AS', optimised)) & known - expressions


def wrong(folder: Path, suite: str) -> list[str]:
    known = {path.name.removesuffix(".csv.gz") for path in (folder / suite).glob("*.csv.gz")}
    found = list(pairs(folder, suite))
    assert len(found) == SUITES[suite], f"{suite} has {len(found)} queries"
    mistakes = []
    for number, (query, optimised) in enumerate(found, start=1):
        told = SqlReader().read(query, catalog=None, database="d")
        tables = {(use.database, use.table, use.mode) for use in told.tables}
        expected = {("d", table, Mode.READ) for table in base_tables(optimised, known)}
        if tables != expected or told.unparsed:
            mistakes.append(f"{suite} {number}: {told.unparsed or sorted(tables ^ expected)}")
    return mistakes


def main() -> int:
    with TemporaryDirectory() as place:
        folder = downloaded(Path(place))
        mistakes = [mistake for suite in SUITES for mistake in wrong(folder, suite)]
    every = sum(SUITES.values())
    print("\n".join([*mistakes, f"{every - len(mistakes)} of {every} queries: tables exactly right"]))
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
