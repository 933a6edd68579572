-- Savings: tables in row formats.
-- What do queries on CSV and JSON tables cost, and what would a columnar format save? The history knows no formats:
-- the tables are given, as Glue tells them by their SerDe. The saving is an assumption that you set: a query on one of
-- them would read so small a share of the bytes. Only queries that read one table alone are counted.
-- parameter row_tables texts: database.table of each table in a row format
-- parameter columnar_share float = 0.33: the share of its bytes that a query would still read
-- parameter limit int = 100: at most so many rows
-- column table_name name: database.table
-- column queries count: queries that read it alone
-- column users count: their different users; nobody's queries are none
-- column scanned_bytes bytes: bytes read
-- column cost_usd usd: list price of the billed bytes
-- column saving_usd usd: of which would be saved, if the assumption holds
WITH candidates AS (
    SELECT user_name,
        scanned_bytes,
        cost_nanousd,
        array_distinct(
            transform(
                filter(tables, one -> one.mode = 'read'),
                one -> concat(one.database_name, '.', one.table_name)
            )
        ) AS table_names
    FROM asked
    WHERE cost_nanousd > 0
)
SELECT used.table_name,
    count(*) AS queries,
    count(DISTINCT nullif(candidates.user_name, 'unattributed')) AS users,
    coalesce(sum(candidates.scanned_bytes), 0) AS scanned_bytes,
    sum(candidates.cost_nanousd) / 1e9 AS cost_usd,
    sum(candidates.cost_nanousd) * (1 - :columnar_share) / 1e9 AS saving_usd
FROM candidates
CROSS JOIN UNNEST(candidates.table_names) AS used (table_name)
WHERE cardinality(candidates.table_names) = 1
    AND contains(:row_tables, used.table_name)
GROUP BY used.table_name
ORDER BY saving_usd DESC, used.table_name
LIMIT :limit
