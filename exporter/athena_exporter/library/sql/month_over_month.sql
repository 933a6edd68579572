-- Month over month.
-- How do queries and cost of each workgroup change from month to month? The first and the last month are whole only if
-- the range is.
-- column month month: the UTC month in which the queries ended
-- column account_id name: the account
-- column region name: the Region
-- column workgroup name: the workgroup
-- column queries count: finished queries
-- column users count: different users; nobody's queries are none
-- column scanned_bytes bytes: bytes read
-- column cost_usd usd: list price of the billed bytes
-- column previous_usd usd: the month before; null if the range has none of it
-- column change_usd usd: the difference
-- column change_ratio ratio: the difference in shares of the month before
WITH months AS (
    SELECT substr(day, 1, 7) AS month,
        date_format(date_add('month', 1, date_parse(substr(day, 1, 7), '%Y-%m')), '%Y-%m') AS next_month,
        account_id,
        region,
        workgroup,
        count(*) AS queries,
        count(DISTINCT nullif(user_name, 'unattributed')) AS users,
        coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
        coalesce(sum(cost_nanousd), 0) AS cost_nanousd
    FROM asked
    GROUP BY substr(day, 1, 7), account_id, region, workgroup
),
beside AS (
    SELECT *,
        if(
            lag(next_month) OVER (PARTITION BY account_id, region, workgroup ORDER BY month) = month,
            lag(cost_nanousd) OVER (PARTITION BY account_id, region, workgroup ORDER BY month)
        ) AS previous_nanousd
    FROM months
)
SELECT month,
    account_id,
    region,
    workgroup,
    queries,
    users,
    scanned_bytes,
    cost_nanousd / 1e9 AS cost_usd,
    previous_nanousd / 1e9 AS previous_usd,
    (cost_nanousd - previous_nanousd) / 1e9 AS change_usd,
    (cost_nanousd - previous_nanousd) / nullif(previous_nanousd * 1e0, 0) AS change_ratio
FROM beside
ORDER BY month, cost_usd DESC, account_id, region, workgroup
