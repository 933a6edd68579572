-- Latency by workgroup.
-- How long do queries wait and run in each workgroup? Exact percentiles by rank, not estimates.
-- column account_id name: the account
-- column region name: the Region
-- column workgroup name: the workgroup
-- column phase name: queue, planning (a part of the engine's), engine, or total
-- column queries count: queries whose time is known
-- column p50_ms ms: half of them took at most so long
-- column p95_ms ms: 95 of 100
-- column p99_ms ms: 99 of 100
-- column longest_ms ms: the longest
WITH told AS (
    SELECT asked.account_id,
        asked.region,
        asked.workgroup,
        phases.phase,
        CASE phases.phase
            WHEN 'queue' THEN asked.queue_ms
            WHEN 'planning' THEN asked.planning_ms
            WHEN 'engine' THEN asked.engine_ms
            ELSE asked.total_ms
        END AS took_ms
    FROM asked
    CROSS JOIN (VALUES ('queue'), ('planning'), ('engine'), ('total')) AS phases (phase)
),
ranked AS (
    SELECT *,
        row_number() OVER (PARTITION BY account_id, region, workgroup, phase ORDER BY took_ms) AS place,
        count(*) OVER (PARTITION BY account_id, region, workgroup, phase) AS places
    FROM told
    WHERE took_ms IS NOT NULL
)
SELECT account_id,
    region,
    workgroup,
    phase,
    count(*) AS queries,
    min(if(place * 100 >= places * 50, took_ms)) AS p50_ms,
    min(if(place * 100 >= places * 95, took_ms)) AS p95_ms,
    min(if(place * 100 >= places * 99, took_ms)) AS p99_ms,
    max(took_ms) AS longest_ms
FROM ranked
GROUP BY account_id, region, workgroup, phase
ORDER BY account_id, region, workgroup, phase
