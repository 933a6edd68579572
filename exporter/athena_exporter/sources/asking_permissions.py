"""What questions to Athena take: those of the source `system_table`, and those of `report` and `verify --on athena`.

Stage: permission.py -> **asking_permissions** -> permissions.py. Athena looks up tables, reads their files and writes
the answer in the name of who asks, so most of this is granted and never called by this product itself.
https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html, of system tables security-iam-system-tables.html
beside it. What a table of S3 Tables takes is AWS's own list (https://github.com/aws/agent-toolkit-for-aws,
access-control.md), which was tried on no real account.
"""

from athena_exporter.sources import needs
from athena_exporter.sources.permission import Feature, Permission, Scope

SYSTEM_TABLE = (
    Permission(
        action="athena:GetSystemTableConfiguration", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_TABLES,
        sid="FindSystemTable", needed=needs.system_table,
        why="whether Athena keeps its own table of queries",
        without="the system table is not read",
    ),
    Permission(
        action="athena:StartQueryExecution", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_WORKGROUP,
        sid="AskSystemTable", needed=needs.system_table,
        why="the questions to the system table, which AWS bills",
        without="the system table is not read",
    ),
    Permission(
        action="athena:GetQueryExecution", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_WORKGROUP,
        sid="AskSystemTable", needed=needs.system_table,
        why="whether a question has been answered",
        without="the system table is not read",
    ),
    Permission(
        action="athena:GetQueryResults", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_WORKGROUP,
        sid="AskSystemTable", needed=needs.system_table,
        why="the rows of the answer",
        without="the system table is not read",
    ),
    Permission(
        action="athena:StopQueryExecution", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_WORKGROUP,
        sid="AskSystemTable", needed=needs.system_table,
        why="questions that nobody waits for any more",
        without="a question that takes too long runs on, and is billed",
    ),
    Permission(
        action="glue:GetCatalog", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_CATALOGUE,
        sid="ResolveSystemTable", needed=needs.system_table, by_athena=True,
        why="where the table is (Athena looks it up)",
        without="the system table is not read",
    ),
    Permission(
        action="glue:GetDatabase", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_CATALOGUE,
        sid="ResolveSystemTable", needed=needs.system_table, by_athena=True,
        why="its namespace (Athena looks it up)",
        without="the system table is not read",
    ),
    Permission(
        action="glue:GetTable", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_CATALOGUE,
        sid="ResolveSystemTable", needed=needs.system_table, by_athena=True,
        why="its columns (Athena looks them up)",
        without="the system table is not read",
    ),
    Permission(
        action="s3tables:GetTableBucket", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_BUCKET,
        sid="ReadSystemTable", needed=needs.system_table, by_athena=True,
        why="the table's bucket",
        without="the system table is not read",
    ),
    Permission(
        action="s3tables:GetNamespace", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_BUCKET,
        sid="ReadSystemTable", needed=needs.system_table, by_athena=True,
        why="its namespace",
        without="the system table is not read",
    ),
    Permission(
        action="s3tables:GetTable", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_BUCKET,
        sid="ReadSystemTable", needed=needs.system_table, by_athena=True,
        why="the table",
        without="the system table is not read",
    ),
    Permission(
        action="s3tables:GetTableMetadataLocation", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_BUCKET,
        sid="ReadSystemTable", needed=needs.system_table, by_athena=True,
        why="its newest snapshot",
        without="the system table is not read",
    ),
    Permission(
        action="s3tables:GetTableData", feature=Feature.SYSTEM_TABLE, scope=Scope.SYSTEM_BUCKET,
        sid="ReadSystemTable", needed=needs.system_table, by_athena=True,
        why="its rows (Athena reads them)",
        without="the system table is not read",
    ),
    Permission(
        action="lakeformation:GetDataAccess", feature=Feature.SYSTEM_TABLE, scope=Scope.EVERYTHING,
        sid="ReadGovernedSystemTable", needed=needs.system_table, by_athena=True,
        why="its rows, where Lake Formation governs the table",
        without="the system table is not read",
    ),
    Permission(
        action="s3:GetBucketLocation", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_RESULTS_BUCKET,
        sid="FindTableResults", needed=needs.system_table_results, by_athena=True,
        why="where the answers go (sources.system_table.output_location)",
        without="no question is answered",
    ),
    Permission(
        action="s3:GetObject", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_RESULTS_FILES,
        sid="WriteTableResults", needed=needs.system_table_results, by_athena=True,
        why="the answers",
        without="no question is answered",
    ),
    Permission(
        action="s3:PutObject", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_RESULTS_FILES,
        sid="WriteTableResults", needed=needs.system_table_results, by_athena=True,
        why="the answers (Athena writes them)",
        without="no question is answered",
    ),
    Permission(
        action="s3:AbortMultipartUpload", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_RESULTS_FILES,
        sid="WriteTableResults", needed=needs.system_table_results, by_athena=True,
        why="large answers that end early",
        without="no question is answered",
    ),
    Permission(
        action="s3:ListMultipartUploadParts", feature=Feature.SYSTEM_TABLE, scope=Scope.TABLE_RESULTS_FILES,
        sid="WriteTableResults", needed=needs.system_table_results, by_athena=True,
        why="large answers",
        without="no question is answered",
    ),
)  # fmt: skip  # a table reads best in rows
"""What the source `system_table` takes."""
REPORT = (
    Permission(
        action="athena:StartQueryExecution", feature=Feature.REPORT, scope=Scope.ASKING_WORKGROUP,
        sid="AskHistory", needed=needs.never,
        why="`report --on athena`: the questions, which AWS bills",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="athena:GetQueryExecution", feature=Feature.REPORT, scope=Scope.ASKING_WORKGROUP,
        sid="AskHistory", needed=needs.never,
        why="whether a question has been answered",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="athena:GetQueryResults", feature=Feature.REPORT, scope=Scope.ASKING_WORKGROUP,
        sid="AskHistory", needed=needs.never,
        why="the rows of the answer",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="athena:StopQueryExecution", feature=Feature.REPORT, scope=Scope.ASKING_WORKGROUP,
        sid="AskHistory", needed=needs.never,
        why="questions that somebody ends by Ctrl-C",
        without="a question that is given up runs on, and is billed",
    ),
    Permission(
        action="glue:GetDatabase", feature=Feature.REPORT, scope=Scope.ASKING_CATALOGUE,
        sid="ResolveHistory", needed=needs.never, by_athena=True,
        why="the history's database (Athena looks it up)",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="glue:GetTable", feature=Feature.REPORT, scope=Scope.ASKING_CATALOGUE,
        sid="ResolveHistory", needed=needs.never, by_athena=True,
        why="its table and views",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="glue:GetPartitions", feature=Feature.REPORT, scope=Scope.ASKING_CATALOGUE,
        sid="ResolveHistory", needed=needs.never, by_athena=True,
        why="partitions, of a Cost and Usage Report that has any",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="lakeformation:GetDataAccess", feature=Feature.REPORT, scope=Scope.EVERYTHING,
        sid="ReadGovernedHistory", needed=needs.never, by_athena=True,
        why="the history, where Lake Formation governs it",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="s3:ListBucket", feature=Feature.REPORT, scope=Scope.HISTORY_BUCKET,
        sid="ListHistoryToAsk", needed=needs.never,
        why="what a question will scan, and the history's files",
        without="the cost of a question cannot be told before",
    ),
    Permission(
        action="s3:GetBucketLocation", feature=Feature.REPORT, scope=Scope.HISTORY_BUCKET,
        sid="ListHistoryToAsk", needed=needs.never, by_athena=True,
        why="where the history is",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="s3:GetObject", feature=Feature.REPORT, scope=Scope.HISTORY_FILES,
        sid="ReadHistory", needed=needs.never, by_athena=True,
        why="the history's files (Athena reads them)",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="kms:Decrypt", feature=Feature.REPORT, scope=Scope.HISTORY_KEY,
        sid="DecryptHistoryToAsk", needed=needs.never, by_athena=True,
        why="the history's files, where a key of KMS encrypts them",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="s3:GetBucketLocation", feature=Feature.RESULTS, scope=Scope.ASKING_RESULTS_BUCKET,
        sid="FindResults", needed=needs.never, by_athena=True,
        why="where the answers go (asking.output_location)",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="s3:GetObject", feature=Feature.RESULTS, scope=Scope.ASKING_RESULTS_FILES,
        sid="WriteResults", needed=needs.never, by_athena=True,
        why="the answers",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="s3:PutObject", feature=Feature.RESULTS, scope=Scope.ASKING_RESULTS_FILES,
        sid="WriteResults", needed=needs.never, by_athena=True,
        why="the answers (Athena writes them)",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="s3:AbortMultipartUpload", feature=Feature.RESULTS, scope=Scope.ASKING_RESULTS_FILES,
        sid="WriteResults", needed=needs.never, by_athena=True,
        why="large answers that end early",
        without="report and verify cannot ask Athena",
    ),
    Permission(
        action="s3:ListMultipartUploadParts", feature=Feature.RESULTS, scope=Scope.ASKING_RESULTS_FILES,
        sid="WriteResults", needed=needs.never, by_athena=True,
        why="large answers",
        without="report and verify cannot ask Athena",
    ),
)  # fmt: skip  # as above
"""What `report --on athena` and `verify --on athena` take, by whoever asks."""
