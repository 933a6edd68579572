-- Savings: repeats without result reuse.
-- In which workgroups, and with which programs, would result reuse have saved most? The same cautious count as of the
-- repeated queries; reuse is switched on by the program, for each query.
-- parameter max_age_minutes int = 60: how old a result may be
-- parameter limit int = 100: at most so many rows
-- column account_id name: the account
-- column region name: the Region
-- column workgroup name: the workgroup
-- column client name: the program
-- column queries count: SELECTs
-- column reused count: of which got an earlier result
-- column reusable count: of which could have, and did not
-- column cost_usd usd: list price of the SELECTs
-- column saving_usd usd: of which reuse would have saved so much at least
WITH runs AS (
    SELECT *,
        floor(to_unixtime(submitted_at) / (:max_age_minutes * 60)) AS stretch
    FROM asked
    WHERE sql_digest IS NOT NULL
        AND (substatement_type = 'SELECT' OR substatement_type IS NULL AND statement_type = 'DML')
),
placed AS (
    SELECT *,
        min(if(state = 'succeeded', ended_at)) OVER (
            PARTITION BY account_id, region, workgroup, catalog_name, database_name, sql_digest, stretch
        ) AS result_at
    FROM runs
),
judged AS (
    SELECT *,
        coalesce(submitted_at >= result_at, false) AND NOT coalesce(result_reused, false) AND state <> 'failed'
            AS is_reusable
    FROM placed
)
SELECT account_id,
    region,
    workgroup,
    coalesce(client, 'unknown') AS client,
    count(*) AS queries,
    count_if(result_reused) AS reused,
    count_if(is_reusable) AS reusable,
    coalesce(sum(cost_nanousd), 0) / 1e9 AS cost_usd,
    coalesce(sum(if(is_reusable, cost_nanousd)), 0) / 1e9 AS saving_usd
FROM judged
GROUP BY account_id, region, workgroup, coalesce(client, 'unknown')
HAVING count_if(is_reusable) > 0
ORDER BY saving_usd DESC, reusable DESC, account_id, region, workgroup, client
LIMIT :limit
