"""Inputs made of real shapes and spoiled: messages of queues, YAML files, HTTP requests, SQL full of secrets.

Deterministic, as mutations.py is: round n of a seed is always the same input. The shapes stand in tests/corpus, and so
does every input that broke something once: those come first.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml
from mutations import mangled, spoil, spoiled_text

CORPUS = Path(__file__).parents[1] / "corpus"
EXAMPLE = Path(__file__).parents[2] / "exporter" / "config.example.yml"
YAML_TOKENS: Sequence[str] = (
    ":", ": ", "- ", "\n", "\n  ", "\t", "#", "{", "}", "[", "]", ",", "&a ", "*a", "!!python/object:os.system ", "!x ",
    "|\n", ">\n", "---\n", "...\n", "%YAML 1.1\n", "'", '"', "<<: ", "? ", "null", "~", "yes", ".nan", ".inf", "1e999",
    "0x1F", "1_000", "9" * 400, "-1", "12:30:45", "2026-01-01", "\x00", "\x85", "\u2028", "\ufeff", "[" * 300,
    "{a: " * 200, "a" * 3000, "30s", "-5m", "1e9d", "10TiB", "${HOME}", "s3://", "arn:aws:iam::1:role/x",
)  # fmt: skip  # a list
"""Pieces that mean something to a reader of YAML, or to a reader of what it has read."""
HTTP_TOKENS: Sequence[str] = (
    "\r\n", "\n", "\r", "\r\n\r\n", "\x00", " ", "\t", ":", "%", "%2e%2e/", "%00", "%0d%0a", "//", "/../", "?",
    "#", "*", "HTTP/1.1", "HTTP/9.9", "http://", "Content-Length: 5\r\n", "Content-Length: -1\r\n",
    "Content-Length: 99999999\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
    "Expect: 100-continue\r\n", "Connection: close\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n", "Host: \r\n",
    "Accept-Encoding: gzip;q=nan\r\n", "Authorization: Basic \xff\r\n", "X: " + "x" * 9000 + "\r\n",
    "A: b\r\n" * 500, "\xff\xfe", "GET / HTTP/1.1\r\n\r\n",
)  # fmt: skip  # a list
"""Pieces that mean something to a server."""
SECRET = "Kanarie7319"
"""What stands in every literal; no name and no keyword has it."""
_LITERALS: Sequence[str] = (
    f"'{SECRET}'", f"'it''s {SECRET}'", f"'{SECRET} -- '", f"'/* {SECRET}'", f"'{SECRET} */'", f"'\\{SECRET}'",
    f"'\n{SECRET}\n'", f"DATE '{SECRET}'", f"U&'{SECRET}'", f"N'{SECRET}'", f"X'{SECRET}'", f"'\"{SECRET}\"'",
    f"'`{SECRET}`'", f"''''||'{SECRET}'", f"'{SECRET}@example.org'", f'"{SECRET}@example.org"',
    f"' {SECRET} ' || ' {SECRET}'", "73190731", "-73190731", "7319.0731e-7", ".73190731", "0x73190731",
    f"'\u202e{SECRET}'", f"'\U0001f600{SECRET}'", f"'\ud800{SECRET}'",
)  # fmt: skip  # a list
_COMMENTS: Sequence[str] = (
    f"/* {SECRET} */", f"-- {SECRET}\n", f"/* ' {SECRET} */", f"-- ' {SECRET}\n", f"/*{SECRET}**/",
)  # fmt: skip  # a list
_STATEMENTS: Sequence[str] = (
    "SELECT _ FROM t WHERE a = _ AND b IN (_, _, _)", "SELECT count(*), _ FROM db.t GROUP BY 1 HAVING max(a) > _",
    "WITH c AS (SELECT _ AS x) SELECT * FROM c JOIN d ON c.x = d.y OR d.z LIKE _", "VALUES (_, _), (_, _)",
    "INSERT INTO t (a, b) VALUES (_, _), (_, _), (_, _)",
    "UNLOAD (SELECT a FROM t WHERE b = _) TO _ WITH (format = _)",
    "CREATE TABLE n WITH (external_location = _, format = _) AS SELECT _ AS a FROM t", "EXECUTE p USING _, _",
    "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = _ WHEN NOT MATCHED THEN INSERT VALUES (_, _)",
    "DELETE FROM t WHERE a BETWEEN _ AND _", "UPDATE t SET a = _, b = _ WHERE c <> _",
    "EXPLAIN ANALYZE SELECT _ FROM t",
    "SELECT CASE WHEN a = _ THEN _ ELSE _ END, f(_, g(_)), arr[_], date_add(_, _, c) FROM t TABLESAMPLE BERNOULLI (_)",
    "PREPARE p FROM SELECT * FROM t WHERE a = _ AND b = ?", "CREATE OR REPLACE VIEW v AS SELECT _ AS a FROM t",
    "SELECT * FROM t FOR TIMESTAMP AS OF TIMESTAMP _ WHERE x = ARRAY[_, _] OR y = MAP(ARRAY[_], ARRAY[_])",
)  # fmt: skip  # a list
"""Statements of Athena; an underscore is a literal."""
_OF_HIVE: Sequence[str] = (
    "ALTER TABLE t SET TBLPROPERTIES (_ = _, _ = _)", "CREATE EXTERNAL TABLE t (a string COMMENT _) LOCATION _",
    "CREATE DATABASE d COMMENT _ LOCATION _ WITH DBPROPERTIES (_ = _)", "SHOW TABLES IN d _", "SHOW PARTITIONS t",
    "ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt = _) LOCATION _", "ALTER TABLE t DROP PARTITION (dt = _)",
)  # fmt: skip  # a list
"""The same with Hive's rules: a backslash escapes, and both quotation marks hold strings."""
_HIVE_LITERALS: Sequence[str] = (
    f"'{SECRET}'", f'"{SECRET}"', f"'it\\'s {SECRET}'", f'"a \\" {SECRET}"', f"'-- {SECRET}'", f"'/* {SECRET}'",
    "73190731", f"'\\\\{SECRET}'", f"\"'{SECRET}\"",
)  # fmt: skip  # a list


@cache
def corpus(name: str) -> Mapping[str, Any]:
    """A file of tests/corpus."""
    found = yaml.safe_load((CORPUS / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def messages(*, seed: int, rounds: int) -> Iterator[str]:
    """Bodies of SQS messages; some in SNS's envelope, or in several."""
    kept = corpus("messages.yml")
    yield from kept["found"]
    shapes = [each["json"] for each in kept["seeds"]]
    for number in range(rounds):
        rng = Random(f"{seed}:{number}")  # chance, not secrecy
        body = copy.deepcopy(rng.choice(shapes))
        for _ in range(rng.randint(0, 5)):
            spoil(rng, body)
        for _ in range(rng.choice((0, 0, 0, 1, 1, 3))):
            body = {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": json.dumps(body)}
        text = json.dumps(body)
        yield mangled(rng, text) if rng.random() < 0.2 else text


def configurations(*, seed: int, rounds: int) -> Iterator[tuple[str, str]]:
    """The kind of a file and its text: spoiled as text, or as values that are written out again."""
    kept = corpus("configurations.yml")
    yield from ((each["kind"], each["text"]) for each in kept["found"])
    shapes = [("exporter", text) for text in sections()] + [(each["kind"], each["text"]) for each in kept["seeds"]]
    for number in range(rounds):
        rng = Random(f"{seed}:{number}")  # as above
        kind, text = rng.choice(shapes)
        if rng.random() < 0.5:
            text = _respelt(rng, text)
        for _ in range(rng.choice((0, 1, 1, 2, 4))):
            text = spoiled_text(rng, text, [each for _, each in shapes], YAML_TOKENS)
        yield kind, text[:20_000]


@cache
def sections() -> Sequence[str]:
    """The sections of the example configuration, each a text of its own, without the comments."""
    text = re.sub(r"(?m)\s+#.*$|^#.*\n", "", EXAMPLE.read_text())
    return re.findall(r"(?m)^\w+:.*\n(?:[ \t].*\n|\n)*", f"{text}\n")


def _respelt(rng: Random, text: str) -> str:
    values = yaml.safe_load(text)
    for _ in range(rng.randint(1, 3)):
        spoil(rng, values)
    try:
        return yaml.safe_dump(values, allow_unicode=True, default_flow_style=rng.choice((None, True, False)))
    except (yaml.YAMLError, ValueError):  # half a surrogate pair, say: nobody can have written it into a file
        return text


def requests(*, seed: int, rounds: int) -> Iterator[bytes]:
    """Bytes for a server."""
    kept = corpus("requests.yml")
    yield from (each.encode("latin-1") for each in kept["found"])
    for number in range(rounds):
        rng = Random(f"{seed}:{number}")  # as above
        text = rng.choice(kept["seeds"])
        for _ in range(rng.choice((0, 1, 1, 2, 4))):
            text = spoiled_text(rng, text, kept["seeds"], HTTP_TOKENS, highest=0xFF)
        yield text[:60_000].encode("latin-1", errors="replace")


def secretive(*, seed: int, rounds: int) -> Iterator[str]:
    """Statements that are right, with a secret in each literal and in each comment."""
    for number in range(rounds):
        rng = Random(f"{seed}:{number}")  # as above
        shapes, literals = rng.choice(((_STATEMENTS, _LITERALS), (_STATEMENTS, _LITERALS), (_OF_HIVE, _HIVE_LITERALS)))
        # A word at a time: between two of them a comment may stand, and any blank is as good as the other.
        parts = [rng.choice(literals) if part == "_" else part for part in re.split(r"\b(_)\b", rng.choice(shapes))]
        text = "".join(parts)
        if "\n" not in text and rng.random() < 0.3:
            text = text.replace(" FROM ", rng.choice(("\nFROM\t", "  from ", f" {rng.choice(_COMMENTS)} FROM ")), 1)
        if rng.random() < 0.3:
            text = f"{rng.choice(_COMMENTS)} {text}"
        yield text + rng.choice(("", ";", " ; ", f" -- {SECRET}", f" /* {SECRET}"))
