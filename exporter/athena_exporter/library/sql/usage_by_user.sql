-- Usage by user.
-- Who asks how much, and at what price? Dearest first. Queries whose start nobody saw are the user `unattributed`.
-- parameter limit int = 1000: at most so many rows
-- column user_name name: who started the queries
-- column user_kind name: person, service, role or unknown
-- column queries count: finished queries
-- column scanned_bytes bytes: bytes read
-- column billed_bytes bytes: bytes that AWS bills
-- column cost_usd usd: list price of the billed bytes
-- column cost_share ratio: of what all users cost; null if that is nothing
-- column failed_share ratio: of the user's queries
-- column last_query_at time: the end of the latest
SELECT user_name,
    min(user_kind) AS user_kind,
    count(*) AS queries,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    coalesce(sum(billed_bytes), 0) AS billed_bytes,
    coalesce(sum(cost_nanousd), 0) / 1e9 AS cost_usd,
    coalesce(sum(cost_nanousd), 0) / nullif(sum(sum(cost_nanousd)) OVER () * 1e0, 0) AS cost_share,
    count_if(state = 'failed') / (count(*) * 1e0) AS failed_share,
    max(counted_at) AS last_query_at
FROM asked
GROUP BY user_name
ORDER BY cost_usd DESC, queries DESC, user_name
LIMIT :limit
