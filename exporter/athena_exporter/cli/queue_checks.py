"""What `athena-exporter check` says of queues, and of a trail's bucket, that the configuration names and nobody has."""

from collections.abc import Iterator

from athena_exporter.cli.diagnosis import Examined
from athena_exporter.outlets.findings import Chapter, Finding, Mark


def findings(examined: Examined) -> Iterator[Finding]:
    """One for each of them: what it is needed for was tried in vain, and is shown as unknown beside it."""
    for what, mend in examined.sights.absent.items():
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.MISSING, where=examined.where, what=what,
            words="AWS knows none of this name, or none that the exporter may see", mend=mend,
        )  # fmt: skip  # as short as it can be said
