"""Words from outside, made fit to be shown and stored.

Stage: AWS -> **text** -> the parsers of the sources.
"""

import unicodedata

LONGEST_NAME = 256
"""Characters of a name that are kept: AWS's own names are shorter, session names are chosen by the caller."""

# Controls, invisible and direction marks, lone surrogates (no UTF-8 for them), private use, line separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def clean(value: object) -> str | None:
    """A name as it may be shown: text of 1..256 printable characters, or None for anything else."""
    if not isinstance(value, str):
        return None
    kept = value[:LONGEST_NAME].strip()
    if kept.isascii() and kept.isprintable():
        return kept or None
    return "".join("\ufffd" if unicodedata.category(sign) in _UNPRINTABLE else sign for sign in kept)
