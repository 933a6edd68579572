-- Tables not read since a day.
-- Which tables were used in the range, but not read through Athena since a day? Those never read come first. A table
-- that no query named at all is not in the history: compare with the Glue catalogue. Spark, Redshift and readers of S3
-- are not seen, so nothing here is called unused.
-- parameter since day: reads before this UTC day do not count
-- column table_name name: database.table
-- column last_read_at time: the end of the last query that read it and succeeded; null if none did in the range
-- column last_used_at time: the end of the last query that named it at all
-- column queries count: queries that named it in the range
-- column writes count: of which wrote to it: it is paid for, and nobody reads it
WITH uses AS (
    SELECT state,
        counted_at,
        array_distinct(
            transform(tables, one -> concat(one.mode, ' ', one.database_name, '.', one.table_name))
        ) AS named,
        query_id
    FROM asked
),
split AS (
    SELECT uses.query_id,
        uses.state,
        uses.counted_at,
        split_part(used.words, ' ', 1) AS mode,
        substr(used.words, strpos(used.words, ' ') + 1) AS table_name
    FROM uses
    CROSS JOIN UNNEST(uses.named) AS used (words)
)
SELECT table_name,
    max(if(mode = 'read' AND state = 'succeeded', counted_at)) AS last_read_at,
    max(counted_at) AS last_used_at,
    count(DISTINCT query_id) AS queries,
    count_if(mode = 'write') AS writes
FROM split
GROUP BY table_name
HAVING coalesce(max(if(mode = 'read' AND state = 'succeeded', counted_at)) < CAST(:since AS timestamp), true)
ORDER BY last_read_at NULLS FIRST, table_name
