"""The hot path: the bytes of one CloudTrail file become the few records that somebody wants.

Stage: S3 -> **scanning** -> reading.py. A file is `{"Records":[{...},{...}]}` in gzip. It is unpacked in pieces and cut
into lists where one record ends and the next begins. A list in which a wanted name stands is parsed, all of it, but of
a record nothing becomes an object except its name and its id. A list is longer than CloudTrail lets anything be that a
caller writes into a record, so one that parses begins and ends between records of the file: nothing inside a record can
pass for one, whatever it looks like. Lists without a wanted name are passed over. If anything does not fit, the file is
read again, and all of it parsed. docs/adr/0014 tells why this way, docs/benchmarks.md how fast.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from isal import igzip_lib
from msgspec import Raw, field

from athena_exporter.sources.trail.seeking import seek

PIECE = 2**16
"""Bytes of JSON that are unpacked at a time: they stay in the processor's cache."""
LIST = 110_000
"""Bytes of a list, at least. CloudTrail cuts requestParameters, responseElements and their like at 100 KB:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"""
FEW = 2
"""With more names than this, looking for each takes longer than parsing everything."""
LARGEST = 2**28
"""Bytes of JSON that are kept of a file that cannot be cut: more is none of CloudTrail's files."""

# Nowhere but between two objects of a list: a letter follows its first quote, so that one ends no string; inside a
# string it would be escaped. Hence it begins a key, and the signs before it are no text.
_BETWEEN = b'},{"eventVersion":"'
_HEAD = b'{"Records":['
_PADDING = b"\0"
_NOTHING = Raw(b"")


class CorruptFileError(ValueError):
    """No CloudTrail file from its first byte to its last; the words hold nothing of what it says."""


class Found(msgspec.Struct, gc=False):
    """One record: the name of its event, and the JSON of those parts that tell who did what to which table."""

    name: str | int | float | bool | None = field(default=None, name="eventName")
    source: Raw = field(default=_NOTHING, name="eventSource")
    time: Raw = field(default=_NOTHING, name="eventTime")
    id: Raw = field(default=_NOTHING, name="eventID")
    region: Raw = field(default=_NOTHING, name="awsRegion")
    account_id: Raw = field(default=_NOTHING, name="recipientAccountId")
    error: Raw = field(default=_NOTHING, name="errorCode")
    address: Raw = field(default=_NOTHING, name="sourceIPAddress")
    agent: Raw = field(default=_NOTHING, name="userAgent")
    console: Raw = field(default=_NOTHING, name="sessionCredentialFromConsole")
    who: Raw = field(default=_NOTHING, name="userIdentity")
    asked: Raw = field(default=_NOTHING, name="requestParameters")
    answered: Raw = field(default=_NOTHING, name="responseElements")
    more: Raw = field(default=_NOTHING, name="additionalEventData")


class _Name(msgspec.Struct, gc=False):
    """A record as most of them are looked at."""

    name: str | int | float | bool | None = field(default=None, name="eventName")
    id: Raw = field(default=_NOTHING, name="eventID")


class _File(msgspec.Struct):
    records: list[Raw] = field(name="Records")


_WORDS = {each.name: each.encode_name for each in msgspec.structs.fields(Found) if each.name != "name"}
_names = msgspec.json.Decoder(list[_Name])
_found = msgspec.json.Decoder(Found)
_list = msgspec.json.Decoder(list[Found])
_file = msgspec.json.Decoder(_File)


def scan(read: Callable[[], Iterable[bytes]], names: Collection[str]) -> Iterator[Found]:
    """The records of these event names in one file, each once.

    Args:
        read: the file as it lies in S3, in parts of any size; it may be asked for twice.
        names: event names as AWS spells them.

    Raises:
        CorruptFileError: at the place where the file is broken; what came before it is right.
    """
    told: set[tuple[str, bytes]] = set()
    if len(names) <= FEW:
        try:
            for found in _scan(read(), names, is_hasty=True):
                told.add((str(found.name), bytes(found.id)))
                yield found
        except CorruptFileError:
            pass
        else:
            return
    yield from (one for one in _scan(read(), names, is_hasty=False) if (str(one.name), bytes(one.id)) not in told)


def _scan(compressed: Iterable[bytes], names: Collection[str], *, is_hasty: bool) -> Iterator[Found]:
    file = _Text(frozenset(names), is_hasty=is_hasty)
    for piece in unpacked(compressed):
        yield from file.more(piece)
    yield from file.end()


def unpacked(compressed: Iterable[bytes]) -> Iterator[bytes]:
    """What is in a gzip file of one or more members, in pieces of at most `PIECE` bytes. Raises CorruptFileError."""
    member: igzip_lib.IgzipDecompressor | None = None
    is_empty = True
    try:
        for data in compressed:
            rest = data
            while rest := (rest if member or is_empty else rest.lstrip(_PADDING)):
                is_empty = False
                member = member or igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
                yield from _drained(member, rest)
                rest, member = (member.unused_data, None) if member.eof else (b"", member)
    except (igzip_lib.IsalError, EOFError) as error:  # type: ignore[misc]  # isal's types call its error a value
        raise CorruptFileError("it is no whole gzip") from error
    if is_empty or member is not None:
        raise CorruptFileError("it is empty" if is_empty else "it ends in the middle")


def _drained(member: igzip_lib.IgzipDecompressor, data: bytes) -> Iterator[bytes]:
    piece = member.decompress(data, PIECE)
    while piece:
        yield piece
        piece = b"" if member.eof or member.needs_input else member.decompress(b"", PIECE)


class _Text:
    """The JSON of one file as it comes in. What is kept of it begins with the `[` of a list of records."""

    def __init__(self, names: frozenset[str], *, is_hasty: bool) -> None:
        self._is_hasty = is_hasty
        self._names = names
        self._needles = {name: f'"{name}"'.encode() for name in names}
        self._kept = bytearray()
        self._searched = 0
        self._has_head = False
        self._is_cut = True

    def more(self, piece: bytes) -> Iterator[Found]:
        """Take a piece, and answer what can be told by now."""
        self._kept += piece
        if not self._has_head and len(self._kept) >= len(_HEAD):
            self._behead()
        if self._has_head and self._is_cut:
            if len(self._kept) > LIST:
                yield from self._up_to(self._kept.find(_BETWEEN, max(LIST, self._searched)))
                self._searched = max(0, len(self._kept) - len(_BETWEEN))
        elif len(self._kept) > LARGEST:
            raise CorruptFileError("it is too large for a file that is not written as CloudTrail does")

    def end(self) -> Iterator[Found]:
        """Answer the rest."""
        text = bytes(_HEAD[:-1] + self._kept if self._has_head else self._kept)
        try:
            yield from (one for one in map(_one, _records(text)) if one is not None and one.name in self._names)
        except (ValueError, RecursionError) as error:
            raise CorruptFileError("it holds no list of records, or ends in the middle of one") from error

    def _behead(self) -> None:
        self._has_head = self._kept.startswith(_HEAD)
        self._is_cut = self._has_head
        del self._kept[: len(_HEAD) - 1 if self._has_head else 0]

    def _up_to(self, cut: int) -> Iterator[Found]:
        """Answer what stands before a cut. The comma there becomes the next list's bracket."""
        if cut < 0:
            return
        sights: dict[str, int] = {}
        if self._is_hasty:
            sights = {name: seek(self._kept, needle, cut) for name, needle in self._needles.items()}
            if max(sights.values()) < 0:
                self._forget(cut)
                return
        self._kept[cut + 1 : cut + 2] = b"]"
        try:
            found = self._group(cut + 2, sights)
        except (ValueError, RecursionError):
            # Not between two records of the file, or no JSON: all that is left is read in one go.
            self._is_cut = False
            self._kept[cut + 1 : cut + 2] = b","
        else:
            yield from found
            self._forget(cut)

    def _forget(self, cut: int) -> None:
        del self._kept[: cut + 1]
        self._kept[:1] = b"["

    def _group(self, end: int, sights: Mapping[str, int]) -> list[Found]:
        """The wanted records of the list that ends at `end`; `sights` are where names may stand first.

        Raises:
            ValueError: it is no list.
        """
        try:
            with memoryview(self._kept) as whole, whole[:end] as group:
                wanted = [(one.name, bytes(one.id)) for one in _names.decode(group) if one.name in self._names]
        except msgspec.DecodeError:
            records = map(_one, json.loads(self._kept[:end]))
            return [one for one in records if one is not None and one.name in self._names]
        return self._located(end, wanted, sights) if wanted else []

    def _located(self, end: int, wanted: Sequence[tuple[object, bytes]], sights: Mapping[str, int]) -> list[Found]:
        """These records, of a list that is known to be whole.

        Each is looked for by its name, and cut out around it. If what was found has the ids of those that are wanted,
        it is them. Somebody's imitation of one has another id, a name that is written with escapes is not found, and
        a record whose neighbours do not begin as they should is not whole: then the list is parsed once more.
        """
        many = Counter(str(name) for name, _ in wanted)
        found = [
            one
            for name, number in many.items()
            for one in islice(self._cut_out(name, max(0, sights.get(name, 0)), end), number)
        ]
        told = sorted((str(name), text) for name, text in wanted)
        if sorted((str(one.name), bytes(one.id)) for one in found) == told:
            return found
        return [each for each in _list.decode(bytes(self._kept[:end])) if each.name in self._names]

    def _cut_out(self, name: str, after: int, end: int) -> Iterator[Found]:
        text, needle = self._kept, self._needles[name]
        while (at := text.find(needle, after, end)) >= 0:
            begin, after = text.rfind(_BETWEEN, 0, at), text.find(_BETWEEN, at, end)
            after = after + 1 if after >= 0 else end - 1
            one = _one(bytes(text[begin + 2 if begin >= 0 else 1 : after]))
            if one is not None and one.name == name:
                yield one


def _records(text: bytes) -> list[Any]:
    """The records of a whole file. What msgspec refuses (half a surrogate, say), the standard library may know to read.

    Raises:
        ValueError: it is no JSON, or holds no list of records.
    """
    try:
        return list(_file.decode(text).records)
    except msgspec.DecodeError:
        told = json.loads(text)
    if not isinstance(told, dict) or not isinstance(told.get("Records"), list):
        raise ValueError("there is no list of records")  # noqa: TRY004  # what is wrong is the file, not a type
    return list(told["Records"])


def _one(record: object) -> Found | None:
    """One record, as text or parsed; None for what is none."""
    if isinstance(record, bytes | Raw):
        try:
            return _found.decode(record)
        except msgspec.DecodeError:
            return None
    if not isinstance(record, dict):
        return None
    parts = {name: Raw(json.dumps(record[word]).encode()) for name, word in _WORDS.items() if word in record}
    name = record.get("eventName")
    return Found(name=name if isinstance(name, str) else None, **parts)
