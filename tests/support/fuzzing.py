"""How much is fuzzed, with which seed, and how a failure names its input.

FUZZ_ROUNDS (default 2,000) and FUZZ_SEED (default 1) of the environment choose how much and what; the same seed brings
the same inputs again.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "2000"))
FEWER = ROUNDS if "FUZZ_ROUNDS" in os.environ else 500
"""For what takes milliseconds: files that are written and read, requests that are sent."""
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SLOWEST = 10.0
"""Seconds of the processor that one input may take."""


@contextmanager
def naming(found: object) -> Iterator[None]:
    """A failure says for which input; one that takes for ever is a failure."""
    began = time.process_time()
    try:
        yield
    except Exception as error:  # noqa: BLE001  any exception is what is looked for
        pytest.fail(f"{type(error).__name__}: {error} for {found!r}")
    seconds = time.process_time() - began
    assert seconds < SLOWEST, f"{seconds:.1f} s for {found!r}"
