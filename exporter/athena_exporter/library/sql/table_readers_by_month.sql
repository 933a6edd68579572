-- Readers of tables by month.
-- How many different people and services read each table, month by month? Days do not add up to it.
-- column month month: the UTC month in which the queries ended
-- column table_name name: database.table
-- column readers count: different users; nobody's queries are none
-- column queries count: queries that read it
WITH reads AS (
    SELECT substr(day, 1, 7) AS month,
        user_name,
        array_distinct(
            transform(
                filter(tables, one -> one.mode = 'read'),
                one -> concat(one.database_name, '.', one.table_name)
            )
        ) AS table_names
    FROM asked
)
SELECT reads.month,
    used.table_name,
    count(DISTINCT nullif(reads.user_name, 'unattributed')) AS readers,
    count(*) AS queries
FROM reads
CROSS JOIN UNNEST(reads.table_names) AS used (table_name)
GROUP BY reads.month, used.table_name
ORDER BY reads.month, readers DESC, queries DESC, used.table_name
