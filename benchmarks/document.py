"""docs/benchmarks.md as sections, so that what another script has written into it stays."""

import re
from itertools import zip_longest

PEERS = "Peers"
SOAK = "Soak"
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def section(document: str, title: str) -> str | None:
    """A section from its heading on, without blank lines at its end; None if there is none of that title."""
    headings = list(_HEADING.finditer(document))
    ends = [heading.start() for heading in headings[1:]]
    for heading, end in zip_longest(headings, ends):
        if heading[1].strip() == title:
            return document[heading.start() : end].strip()
    return None


def sections(text: str) -> list[str]:
    """What a benchmark has printed, section by section."""
    return [found.strip() for found in re.split(r"^(?=## )", text, flags=re.MULTILINE) if found.strip()]


def with_section(document: str, text: str) -> str:
    """The document with a section in the place of the one of the same heading, or at its end."""
    title = text.partition("\n")[0].removeprefix("## ").strip()
    old = section(document, title)
    if old is None:
        return f"{document.strip()}\n\n{text.strip()}\n"
    before, _, after = document.partition(old)
    return f"{before}{text.strip()}{after}"
