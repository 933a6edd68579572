"""Where a few bytes stand in many: what most of a trail's bytes are looked at for, and nothing else.

Stage: beside scanning.py. The C library's memmem is twice as fast there as `bytearray.find`, and every one that CPython
is built with on Linux or macOS has it; where there is none, `find` answers the same.
https://man7.org/linux/man-pages/man3/memmem.3.html
"""

import ctypes
from typing import Any


def _memmem() -> Any | None:  # ctypes names no type for a function of a library
    try:
        found = ctypes.CDLL(None).memmem
    except (AttributeError, OSError, TypeError):
        return None
    found.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
    found.restype = ctypes.c_void_p
    return found


_MEMMEM = _memmem()


def seek(text: bytearray, needle: bytes, end: int) -> int:
    """Where `needle` stands first in `text[:end]`, -1 if nowhere. `needle` is not empty, `end` within the text."""
    if _MEMMEM is None or end < len(needle):
        return text.find(needle, 0, end)
    # Held for this one call: a bytearray whose memory somebody holds refuses to change its size.
    begin = ctypes.addressof(ctypes.c_char.from_buffer(text))
    found = _MEMMEM(begin, end, needle, len(needle))
    return -1 if found is None else int(found) - begin
