"""What `athena-exporter check` says of the query history: whether its files can be written, read, merged."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.cli import diagnosis
from athena_exporter.cli.archiving import bucket_of, require_pyarrow
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.readers import CLOCKS, historian_of
from athena_exporter.cli.sessions import session_for
from athena_exporter.config import Config
from athena_exporter.outlets.findings import Chapter, Finding, Mark
from athena_exporter.outlets.history import keys
from athena_exporter.sources import errors
from athena_exporter.sources.buckets import Bucket
from athena_exporter.sources.grants import needed_by
from athena_exporter.sources.permissions import Feature
from athena_exporter.sources.probing import NOBODY, attempt
from athena_exporter.sources.session import resolve

_WHAT = "query history"
_NO_BUCKET = "(NoSuchBucket)"


def findings(config: Config) -> Iterator[Finding]:
    """Whether pyarrow is there, and each permission. Never raises AWS's errors."""
    if not config.history.enabled:
        return
    try:
        require_pyarrow()
    except SetupError as error:
        yield Finding(
            chapter=Chapter.SETUP, mark=Mark.MISSING, where="", what=_WHAT, words="pyarrow is not installed",
            mend=str(error),
        )  # fmt: skip  # as the others
    yield from _permissions(config)


def _permissions(config: Config) -> Iterator[Finding]:
    settings = historian_of(config)
    with closing(session_for(config, settings)) as session:
        try:
            target, _ = resolve(session, CLOCKS.now)
        except (ClientError, BotoCoreError) as error:
            yield diagnosis.unreachable(session.region, settings.role_arn, errors.explain(error))
            return
        tries = _tries(config, bucket_of(config.history, session))
        for permission in needed_by(config):
            # A key of KMS is used by whatever is put and read.
            if permission.feature is not Feature.HISTORY or permission.action not in tries:
                continue
            tried = attempt(permission, tries[permission.action])
            if _NO_BUCKET in tried.words:
                yield _no_bucket(config)
                return
            yield diagnosis.of_attempt(config, target, tried)


def _no_bucket(config: Config) -> Finding:
    return Finding(
        chapter=Chapter.SETUP, mark=Mark.MISSING, where="", what=_WHAT,
        words=f"there is no bucket {config.history.bucket}",
        mend="make it (terraform/modules/history does), or correct history.bucket",
    )  # fmt: skip  # as the others


def _tries(config: Config, bucket: Bucket) -> Mapping[str, Callable[[], str]]:
    """An empty file that neither Athena nor a compaction looks at; where files may be deleted, it is."""
    root = keys.root(config.history.root)
    key, place = f"{root}_{NOBODY}", f"s3://{config.history.bucket}/{root}"

    def put() -> str:
        bucket.put(key, b"")
        return f"an empty file in {place}"

    def get() -> str:
        bucket.get(key)
        return f"the empty file in {place}"

    def delete() -> str:
        bucket.delete(key)
        return f"the empty file in {place}"

    def look() -> str:
        return f"{sum(1 for _ in bucket.folders(root))} days in {place}"

    return {"s3:PutObject": put, "s3:GetObject": get, "s3:DeleteObject": delete, "s3:ListBucket": look}
