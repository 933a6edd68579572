-- Queries by database.
-- How many queries does each database get, and how do they end? Most first.
-- column database_name name: the database that the SQL names; `multiple` if several, `unknown` if none
-- column queries count: finished queries
-- column query_share ratio: of all queries
-- column succeeded count: of them
-- column failed count: of them
-- column cancelled count: of them
-- column users count: different users; nobody's queries are none
-- column scanned_bytes bytes: bytes read
-- column cost_usd usd: list price of the billed bytes
SELECT coalesce(database_name, 'unknown') AS database_name,
    count(*) AS queries,
    count(*) / (sum(count(*)) OVER () * 1e0) AS query_share,
    count_if(state = 'succeeded') AS succeeded,
    count_if(state = 'failed') AS failed,
    count_if(state = 'cancelled') AS cancelled,
    count(DISTINCT nullif(user_name, 'unattributed')) AS users,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    coalesce(sum(cost_nanousd), 0) / 1e9 AS cost_usd
FROM asked
GROUP BY coalesce(database_name, 'unknown')
ORDER BY queries DESC, database_name
