"""The query history: facts of the outbox become rows of Parquet in S3, where Athena reads them.

Stage: the ledger's outbox -> rows -> parquet -> **delivery** -> S3; past days -> **compaction** -> S3. The modules
`parquet`, `delivery` and `compaction` need pyarrow (the extra `history`), so nothing imports them before it is known
to be there. docs/history.md, docs/adr/0017.
"""
