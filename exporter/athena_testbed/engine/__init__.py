"""SQL that really runs: Athena's dialect on DuckDB, over the files in the account's S3.

Stage: ../asking.py -> **engine** (dialect, tables, files, running, texts). It stands on its own: nothing here knows who
wrote the files, or who asks. DuckDB and sqlglot are imported when the first statement comes.
"""

from athena_testbed.engine.failing import FailedError, MalformedError
from athena_testbed.engine.running import Engine, Outcome

__all__ = ["Engine", "FailedError", "MalformedError", "Outcome"]
