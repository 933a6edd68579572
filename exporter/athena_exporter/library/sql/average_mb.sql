-- Average MB by user and database.
-- How much does a query scan on average, by user and database? Largest first. A MB has 2^20 bytes.
-- parameter limit int = 1000: at most so many rows
-- column user_name name: who started the queries
-- column database_name name: the database that the SQL names; `multiple` if several, `unknown` if none
-- column average_mb mebibytes: bytes read by a query, over all of them
-- column queries count: finished queries
-- column scanned_bytes bytes: bytes read by all of them
SELECT user_name,
    coalesce(database_name, 'unknown') AS database_name,
    coalesce(sum(scanned_bytes), 0) / (count(*) * 1048576e0) AS average_mb,
    count(*) AS queries,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes
FROM asked
GROUP BY user_name, coalesce(database_name, 'unknown')
ORDER BY average_mb DESC, user_name, database_name
LIMIT :limit
