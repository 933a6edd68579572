-- Databases by user.
-- Which databases does each user query? Dearest user first.
-- parameter limit int = 5000: at most so many rows
-- column user_name name: who started the queries
-- column database_name name: the database that the SQL names; `multiple` if several, `unknown` if none
-- column queries count: finished queries
-- column scanned_bytes bytes: bytes read
-- column cost_usd usd: list price of the billed bytes
WITH cells AS (
    SELECT user_name,
        coalesce(database_name, 'unknown') AS database_name,
        count(*) AS queries,
        coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
        coalesce(sum(cost_nanousd), 0) AS cost_nanousd
    FROM asked
    GROUP BY user_name, coalesce(database_name, 'unknown')
),
weighed AS (
    SELECT *,
        sum(cost_nanousd) OVER (PARTITION BY user_name) AS user_nanousd
    FROM cells
)
SELECT user_name,
    database_name,
    queries,
    scanned_bytes,
    cost_nanousd / 1e9 AS cost_usd
FROM weighed
ORDER BY user_nanousd DESC, user_name, cost_nanousd DESC, queries DESC, database_name
LIMIT :limit
