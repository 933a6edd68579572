"""What `athena-exporter check` says of what the configuration names and nobody has, or nobody can use."""

from collections.abc import Iterator

from athena_exporter.cli.diagnosis import Examined
from athena_exporter.outlets.findings import Chapter, Finding, Mark


def findings(examined: Examined) -> Iterator[Finding]:
    """One for each of them: what it is needed for was tried in vain, and is shown as unknown beside it."""
    for what, words in examined.sights.unusable.items():
        why, _, mend = words.partition("; ")
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.MISSING, where=examined.where, what=what, words=why, mend=mend,
        )  # fmt: skip  # as below
    for what, mend in examined.sights.absent.items():
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.MISSING, where=examined.where, what=what,
            words="AWS knows none of this name, or none that the exporter may see", mend=mend,
        )  # fmt: skip  # as short as it can be said
