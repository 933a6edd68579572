-- Use of tables.
-- What is done with each table, by how many, and when was it last read? Most readers first.
-- parameter limit int = 1000: at most so many rows
-- column table_name name: database.table
-- column readers count: different users who read it; nobody's queries are none
-- column reads count: queries that read it
-- column writes count: queries that wrote to it
-- column ddl count: queries that made, changed or dropped it
-- column metadata count: queries that only looked at it
-- column last_read_at time: the end of the last query that read it and succeeded; null if none did in the range
WITH uses AS (
    SELECT user_name,
        state,
        counted_at,
        array_distinct(
            transform(tables, one -> concat(one.mode, ' ', one.database_name, '.', one.table_name))
        ) AS named
    FROM asked
),
split AS (
    SELECT uses.user_name,
        uses.state,
        uses.counted_at,
        split_part(used.words, ' ', 1) AS mode,
        substr(used.words, strpos(used.words, ' ') + 1) AS table_name
    FROM uses
    CROSS JOIN UNNEST(uses.named) AS used (words)
)
SELECT table_name,
    count(DISTINCT if(mode = 'read', nullif(user_name, 'unattributed'))) AS readers,
    count_if(mode = 'read') AS reads,
    count_if(mode = 'write') AS writes,
    count_if(mode = 'ddl') AS ddl,
    count_if(mode = 'metadata') AS metadata,
    max(if(mode = 'read' AND state = 'succeeded', counted_at)) AS last_read_at
FROM split
GROUP BY table_name
ORDER BY readers DESC, reads DESC, table_name
LIMIT :limit
