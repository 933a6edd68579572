-- One row a query. Of the rows of one query the last one written holds: a crash repeats a row, and an identity that
-- came late adds one. The window's parts begin with the partition, so that a bound on `day` reaches the files:
-- Trino pushes a condition on the parts of a window below it.
SELECT {columns},
    CAST(cost_nanousd AS double) / 1e9 AS cost_usd,
    day
FROM (
    SELECT *,
        row_number() OVER (
            PARTITION BY day, account_id, region, query_id
            ORDER BY written_at DESC, seq DESC
        ) AS age
    FROM query_history
) AS versions
WHERE age = 1
