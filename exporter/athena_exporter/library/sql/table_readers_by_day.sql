-- Readers of tables by day.
-- How many different people and services read each table, day by day? Tables behind views are counted, too.
-- column day day: the UTC day in which the queries ended
-- column table_name name: database.table
-- column readers count: different users; nobody's queries are none
-- column queries count: queries that read it
WITH reads AS (
    SELECT day,
        user_name,
        array_distinct(
            transform(
                filter(tables, one -> one.mode = 'read'),
                one -> concat(one.database_name, '.', one.table_name)
            )
        ) AS table_names
    FROM asked
)
SELECT reads.day,
    used.table_name,
    count(DISTINCT nullif(reads.user_name, 'unattributed')) AS readers,
    count(*) AS queries
FROM reads
CROSS JOIN UNNEST(reads.table_names) AS used (table_name)
GROUP BY reads.day, used.table_name
ORDER BY reads.day, readers DESC, queries DESC, used.table_name
