"""The C library's search says what Python's own says, and lets go of what it has searched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.sources.trail import seeking
from athena_exporter.sources.trail.seeking import seek


@given(text=st.binary(max_size=60), needle=st.binary(min_size=1, max_size=4), share=st.floats(0, 1))
def test_it_finds_what_find_finds(text: bytes, needle: bytes, share: float) -> None:
    end = int(len(text) * share)
    assert seek(bytearray(text), needle, end) == text.find(needle, 0, end)


@given(before=st.binary(max_size=9), behind=st.binary(max_size=9))
def test_what_is_there_is_found_whatever_stands_around_it(before: bytes, behind: bytes) -> None:
    text = before + b'\x00"Start"\x00' + behind
    assert seek(bytearray(text), b'\x00"Start"\x00', len(text)) == text.find(b'\x00"Start"\x00')


def test_what_was_searched_may_change_its_size() -> None:
    text = bytearray(b"abc" * 100_000)
    for _ in range(3):
        assert seek(text, b"ca", len(text)) == 2
        text += b"abc"
        del text[:3]


def test_where_the_library_lacks_it_python_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeking, "_MEMMEM", None)
    assert seek(bytearray(b"one two"), b"two", 7) == 4
    assert seek(bytearray(b"one two"), b"two", 6) == -1
