"""What is found in a trail's file is what json.loads finds in it, whatever the file looks like."""

import gzip
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from athena_exporter.records import Target
from athena_exporter.sources.access_events import read_access
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.starts import MalformedRecordError, read_record
from athena_exporter.sources.trail import Reading, scanning
from athena_exporter.sources.trail.scanning import CorruptFileError, scan
from athena_testbed.trail import noise, packed

NAMES = frozenset({"StartQueryExecution", "GetDataAccess", "GetTable"})
TARGET = Target(account_id="111122223333", region="eu-west-1")
RULES = IdentityRules.of()
SLOW = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


def found(data: bytes, parts: int = 7_001, names: Collection[str] = NAMES) -> list[Any]:
    """The events' names and ids, in the order of the file."""
    cut = [data[at : at + parts] for at in range(0, len(data), parts)]
    return sorted(((one.name, json.loads(bytes(one.id) or b"null")) for one in scan(lambda: cut, names)), key=str)


def expected(text: bytes) -> list[Any]:
    """The same by the standard library."""
    records = [one for one in json.loads(text)["Records"] if isinstance(one, dict)]
    names = [(one.get("eventName"), one.get("eventID")) for one in records]
    return sorted((one for one in names if isinstance(one[0], str) and one[0] in NAMES), key=str)


def written(records: Iterable[object]) -> bytes:
    return json.dumps({"Records": list(records)}, separators=(",", ":")).encode()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that records, cuts and names lie across their borders."""
    monkeypatch.setattr(scanning, "PIECE", 613)
    monkeypatch.setattr(scanning, "LIST", 900)


# -- any records ------------------------------------------------------------------------------------------------------

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["StartQueryExecution", '"StartQueryExecution"', '},{"eventVersion":"', "\\", '\\"', "}]}", "é\u2028", "\x7f"]
    ),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        texts,
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(texts, inner, max_size=3),
        # Someone else's records inside a record, alone and among their like.
        st.lists(st.builds(lambda one: {"eventVersion": "1.11", **forged(), "x": one}, inner), max_size=4),
    ),
    max_leaves=8,
)


def forged() -> dict[str, Any]:
    return {"userIdentity": {"type": "Root"}, "eventName": "StartQueryExecution", "eventID": "forged"}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from([*sorted(NAMES), "AssumeRole", "Decrypt", None, 7, ["StartQueryExecution"], "é"]))
    parts: list[tuple[str, Any]] = [
        ("userIdentity", draw(values)),
        ("eventSource", "athena.amazonaws.com"),
        ("eventName", name),
        ("requestParameters", draw(values)),
        ("responseElements", draw(values)),
        ("eventID", draw(st.uuids().map(str))),
    ]
    first = [("eventVersion", "1.11")]
    if draw(st.integers(0, 9)) == 0:
        return dict(draw(st.permutations(first + parts)))
    return dict(first + parts[: draw(st.integers(2, 6))])


files = st.lists(st.one_of(records(), records(), records(), st.sampled_from([None, 3, "x", []])), max_size=8)


@SLOW
@given(files, st.booleans(), st.sampled_from([None, None, None, 1]), st.integers(300, 5_000))
def test_it_finds_what_the_standard_library_finds(
    many: Sequence[object],
    ascii_only: bool,  # noqa: FBT001 - hypothesis hands it over by position
    indent: int | None,
    parts: int,
) -> None:
    separators = (",", ":") if indent is None else None
    text = json.dumps({"Records": many}, separators=separators, indent=indent, ensure_ascii=ascii_only)
    data = text.encode(errors="surrogatepass")
    assert found(gzip.compress(data), parts) == expected(data)


@SLOW
@given(files, st.integers(0, 10_000), st.sampled_from([b'"', b"\\", b"}", b"{", b",", b"]", b" ", b"\\u0053", b""]))
def test_a_changed_byte_is_refused_or_read_as_the_standard_library_reads_it(
    many: Sequence[object], place: int, sign: bytes
) -> None:
    text = written(many)
    at = place % len(text)
    changed = text[:at] + sign + text[at + 1 :]
    try:
        wanted = expected(changed)
    except (ValueError, KeyError, TypeError):
        with pytest.raises(CorruptFileError):
            found(gzip.compress(changed))
    else:
        assert found(gzip.compress(changed)) == wanted


def test_a_record_inside_a_record_is_none_however_many_there_are() -> None:
    inner = [{"eventVersion": "1.11", **forged()} for _ in range(30)]
    outer = {"eventVersion": "1.11", "eventName": "PutThings", "requestParameters": {"things": inner}}
    start = {"eventVersion": "1.11", "eventName": "StartQueryExecution", "eventID": "true"}
    assert found(gzip.compress(written([start, outer, start, outer]))) == [("StartQueryExecution", "true")] * 2


def test_a_name_that_is_written_with_escapes_is_found_beside_one_that_is_forged() -> None:
    inner = [{"a": 1}, {"eventVersion": "1.11", **forged()}, {"eventVersion": "1"}]
    outer = {"eventVersion": "1.11", "eventName": "PutThings", "requestParameters": {"things": inner}}
    start = {"eventVersion": "1.11", "eventName": "StartQueryExecution", "eventID": "true"}
    text = written([outer, start]).replace(
        b'"StartQueryExecution","eventID":"true"', b'"\\u0053tartQueryExecution","eventID":"true"'
    )
    assert b"\\u0053" in text
    assert found(gzip.compress(text)) == [("StartQueryExecution", "true")]


def test_an_empty_list_of_records_holds_none() -> None:
    assert found(gzip.compress(b'{"Records":[]}')) == []


def test_more_keys_beside_the_records_are_passed_over() -> None:
    start = {"eventVersion": "1.11", "eventName": "StartQueryExecution", "eventID": "e"}
    body = json.dumps([start], separators=(",", ":"))
    for text in (f'{{"Records":{body},"more":[1]}}', f'{{"more":{{"Records":[]}},"Records":{body}}}'):
        assert found(gzip.compress(text.encode())) == [("StartQueryExecution", "e")]


@pytest.mark.parametrize("seed", range(12))
def test_one_name_is_found_wherever_imitations_of_it_lie(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists without the name are passed over unread; nothing in a record is longer than CloudTrail lets it be."""
    monkeypatch.setattr(scanning, "LIST", 110_000)
    monkeypatch.setattr(scanning, "PIECE", 4_096)
    rng, many = Random(seed), real(900)
    for number in range(30):
        things: list[object] = [{"a": number}]
        things += [
            {"eventVersion": "1.11", **forged(), "x": "y" * rng.randrange(400)} for _ in range(rng.randrange(200))
        ]
        outer = {"eventVersion": "1.11", "eventName": "PutThings", "requestParameters": {"things": things}}
        many.insert(rng.randrange(len(many)), outer)
    text = written(many)
    starts = [one for one in expected(text) if one[0] == "StartQueryExecution"]
    assert len(starts) == 100
    assert found(gzip.compress(text), names={"StartQueryExecution"}) == starts


def test_an_hours_quiet_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "LIST", 110_000)
    others = list(islice(noise(7, account_id="1", region="eu-west-1", begin_ms=0), 600))
    data, asked = packed(others), []

    def read() -> list[bytes]:
        asked.append(1)
        return [data]

    assert list(scan(read, {"StartQueryExecution"})) == []
    assert asked == [1]


def test_a_broken_file_is_refused_after_a_second_look_and_tells_nothing_twice() -> None:
    data, told = packed(real(400))[:-30], []
    with pytest.raises(CorruptFileError):
        told += [bytes(one.id) for one in scan(lambda: [data], {"StartQueryExecution"})]
    assert len(told) == len(set(told))


# -- gzip -------------------------------------------------------------------------------------------------------------


def real(count: int) -> list[dict[str, Any]]:
    start = {"eventVersion": "1.11", "eventSource": "athena.amazonaws.com", "eventName": "StartQueryExecution"}
    others = noise(7, account_id=TARGET.account_id, region=TARGET.region, begin_ms=1_763_625_600_000)
    return [
        {**start, "eventID": str(number)} if number % 9 == 0 else one
        for number, one in enumerate(islice(others, count))
    ]


@pytest.mark.parametrize("parts", [1, 17, 100_000])
def test_a_file_of_several_members_is_read_to_its_end(parts: int) -> None:
    text = written(real(60))
    data = b"".join(gzip.compress(text[at : at + 5_000]) for at in range(0, len(text), 5_000)) + b"\0" * 512
    assert found(data, parts) == expected(text)


def _broken(data: bytes) -> Iterator[bytes]:
    yield b""
    yield data[: len(data) // 2]
    yield data[:-1]
    yield data[:-6] + b"\1" + data[-5:]  # its checksum
    yield data[:300] + bytes([data[300] ^ 255]) + data[301:]
    yield data + b"and more"
    yield b"not gzip at all"
    yield zlib.compress(b'{"Records":[]}')


@pytest.mark.parametrize("number", range(8))
def test_a_broken_file_is_refused(number: int) -> None:
    data = list(_broken(packed(real(40))))[number]
    with pytest.raises(CorruptFileError):
        found(data)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"null", b'{"Records":null}', b'{"records":[]}', b'{"Records":[', b'{"Records":[{"eventName":"x"}]',
        b'{"Records":[]}]', b'{"Records":[{"eventName":"x"},]}', b"[" * 100_000,
    ],
)  # fmt: skip  # texts
def test_what_is_no_list_of_records_is_refused(text: bytes) -> None:
    with pytest.raises(CorruptFileError):
        found(gzip.compress(text))


def test_a_file_that_cannot_be_cut_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "LARGEST", 10_000)
    with pytest.raises(CorruptFileError, match="too large"):
        found(gzip.compress(b" " * 20_000))


def test_a_file_of_any_size_is_kept_only_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "LARGEST", 10_000)
    text = written(real(500))
    assert len(text) > 500_000
    assert found(gzip.compress(text)) == expected(text)


# -- the same records as LookupEvents' --------------------------------------------------------------------------------


def _by_the_slow_way(record: dict[str, Any]) -> object:
    try:
        told = read_record(record, rules=RULES, target=TARGET) if record["eventName"] == "StartQueryExecution" else None
        return told or read_access(record, rules=RULES, target=TARGET)
    except MalformedRecordError:
        return "malformed"


def _by_reading(data: bytes) -> Iterator[object]:
    reading = Reading(rules=RULES)
    for one in scan(lambda: [data], NAMES):
        try:
            yield reading.read(one, TARGET)
        except MalformedRecordError:
            yield "malformed"


IDENTITIES = st.sampled_from(
    [
        {"type": "IAMUser", "userName": "ann", "accountId": "111122223333"},
        {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/alpha_user_bob/s", "principalId": "A:s"},
        {"type": "Unknown"}, None, 5, "x", {"type": "IAMUser", "userName": "\ud800half"},
    ]
)  # fmt: skip  # rows


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": draw(IDENTITIES),
        "eventTime": draw(st.sampled_from(["2026-11-20T10:00:00Z", "2026-11-20T10:00:00+02:00", "never", None, 7])),
        "eventSource": draw(st.sampled_from(["athena", "glue", "lakeformation", "s3"])) + ".amazonaws.com",
        "eventName": draw(st.sampled_from(sorted(NAMES))),
        "userAgent": draw(st.sampled_from(["Mozilla/5.0 x", "dbt-athena/1.11", "", None, "athena-exporter/1"])),
        "sourceIPAddress": draw(st.sampled_from(["10.0.0.1", "quicksight.amazonaws.com"])),
        "errorCode": draw(st.sampled_from([None, None, "AccessDenied"])),
        "requestParameters": draw(
            st.sampled_from(
                [
                    {"workGroup": "primary"}, {"databaseName": "Sales", "name": "Orders"}, None, [],
                    {
                        "tableArn": "arn:aws:glue:eu-west-1:111122223333:table/d/t", "permissions": ["SELECT"],
                        "auditContext": {"additionalAuditContext": "{queryId: 33333333-4444-5555-6666-777777777777}"},
                    },
                ]
            )
        ),
        "responseElements": draw(st.sampled_from([{"queryExecutionId": "q-1"}, {"queryExecutionId": "?!"}, None])),
        "additionalEventData": draw(st.sampled_from([None, {"requesterService": "ATHENA"}])),
        "eventID": draw(st.sampled_from(["e-1", None, ""])),
        "sessionCredentialFromConsole": draw(st.sampled_from([None, "true"])),
    }  # fmt: skip  # rows
    left_out = draw(st.sets(st.sampled_from(sorted(set(record) - {"eventName", "eventVersion"})), max_size=4))
    return {name: value for name, value in record.items() if name not in left_out}


@SLOW
@given(st.lists(calls(), min_size=1, max_size=5))
@example(
    [{"eventVersion": "1", "eventName": "StartQueryExecution", "eventID": "e", "eventTime": "2026-11-20T10:00:00Z"}]
)
def test_a_record_says_the_same_by_file_as_by_lookup(many: list[dict[str, Any]]) -> None:
    assert sorted(map(repr, _by_reading(packed_ascii(many)))) == sorted(repr(_by_the_slow_way(one)) for one in many)


def packed_ascii(many: Sequence[object]) -> bytes:
    return gzip.compress(written(many))


@pytest.mark.parametrize("name", ["start-query-console-2023", "start-query-failed-2023", "get-data-access-athena-2026"])
def test_public_records_of_cloudtrail_are_read(name: str) -> None:
    record = json.loads((Path(__file__).parents[3] / "corpus" / "cloudtrail" / f"{name}.json").read_text())
    place = Target(account_id=record["recipientAccountId"], region=record["awsRegion"])
    reading = Reading(rules=RULES)
    (one,) = scan(lambda: [packed([record])], NAMES)
    assert reading.read(one, place) == (
        read_record(record, rules=RULES, target=place) or read_access(record, rules=RULES, target=place)
    )


def test_a_record_of_another_account_than_its_file_is_malformed() -> None:
    record = {
        "eventVersion": "1.11", "eventName": "StartQueryExecution", "eventTime": "2026-11-20T10:00:00Z", "eventID": "e",
        "eventSource": "athena.amazonaws.com", "recipientAccountId": "999999999999",
        "responseElements": {"queryExecutionId": "q"},
    }  # fmt: skip  # rows
    (one,) = scan(lambda: [packed([record])], NAMES)
    with pytest.raises(MalformedRecordError):
        Reading(rules=RULES).read(one, TARGET)
