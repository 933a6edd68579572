-- Usage by day.
-- How much is asked day by day, by how many, and at what price?
-- column day day: the UTC day in which the queries ended
-- column queries count: finished queries
-- column users count: different users; nobody's queries are none
-- column scanned_bytes bytes: bytes read
-- column billed_bytes bytes: bytes that AWS bills
-- column cost_usd usd: list price of the billed bytes
-- column failed count: queries that failed
-- column cancelled count: queries that somebody, or a limit, cancelled
-- column unattributed count: queries of nobody
SELECT day,
    count(*) AS queries,
    count(DISTINCT nullif(user_name, 'unattributed')) AS users,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    coalesce(sum(billed_bytes), 0) AS billed_bytes,
    coalesce(sum(cost_nanousd), 0) / 1e9 AS cost_usd,
    count_if(state = 'failed') AS failed,
    count_if(state = 'cancelled') AS cancelled,
    count_if(user_name = 'unattributed') AS unattributed
FROM asked
GROUP BY day
ORDER BY day
