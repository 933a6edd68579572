-- Dearest queries.
-- Which single queries cost most?
-- parameter limit int = 100: at most so many rows
-- column counted_at time: when it ended
-- column user_name name: who started it
-- column workgroup name: its workgroup
-- column database_name name: the database that the SQL names
-- column workload name: the job that it belongs to
-- column state name: how it ended
-- column scanned_bytes bytes: bytes read
-- column cost_usd usd: list price of the billed bytes
-- column total_ms ms: from submission to end
-- column sql_text name: the SQL, as far as events.query_text lets it out
-- column account_id name: the account
-- column region name: the Region
-- column query_id name: Athena's id of it
SELECT counted_at,
    user_name,
    workgroup,
    database_name,
    workload,
    state,
    scanned_bytes,
    cost_usd,
    total_ms,
    sql_text,
    account_id,
    region,
    query_id
FROM asked
WHERE cost_nanousd > 0
ORDER BY cost_nanousd DESC, query_id
LIMIT :limit
