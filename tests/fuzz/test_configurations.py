"""Whatever is in a file: settings, or lines with place and mend; never a traceback, never two lines in one."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fuzzing import FEWER, SEED, naming
from shapes import configurations, corpus, sections

from athena_exporter.config import ConfigError, load, load_budgets, load_people
from athena_exporter.outlets.webconfig import load_web_config

READERS: Mapping[str, Callable[[Path], object]] = {
    "exporter": lambda path: load(path, {}),
    "budgets": load_budgets,
    "people": load_people,
    "web": load_web_config,
}
LONGEST = 1_100
"""Characters of a line: whoever wrote a long value must find the end of the sentence."""


def told(kind: str, path: Path) -> tuple[str, ...]:
    """The lines of the refusal, none if it was read."""
    try:
        READERS[kind](path)
    except ConfigError as error:
        return error.lines or ("",)
    return ()


def check(line: str, path: Path) -> None:
    assert line.isprintable(), "one line, with nothing in it that moves a cursor"
    assert len(line) <= LONGEST
    assert re.match(rf"{re.escape(str(path))}(:\d+)?: ", line) or "budgets.yml" in line, "it says where"


@pytest.mark.no_cover
def test_no_file_is_an_exception_and_every_mistake_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("c.yml")
    for kind, text in configurations(seed=SEED, rounds=FEWER):
        path.write_text(text, encoding="utf-8")
        with naming((kind, text)):
            for line in told(kind, path):
                check(line, path)


def test_what_the_fuzzer_begins_with_works(tmp_path: Path) -> None:
    """Else it would only ever find the first mistake."""
    path = tmp_path / "c.yml"
    shapes = [("exporter", text) for text in sections()]
    shapes += [
        (each["kind"], each["text"])
        for each in corpus("configurations.yml")["seeds"]
        if "cert_file" not in each["text"]
    ]
    for kind, text in shapes:
        path.write_text(text)
        assert told(kind, path) == (), text
