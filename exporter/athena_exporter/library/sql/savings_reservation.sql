-- Savings: reserved capacity.
-- Which workgroups would cost less on reserved DPUs than by the byte? As many DPUs as the engine's time of the busiest
-- hour takes, day and night over the whole range; and, as a second plan, in those hours alone that cost more than that.
-- An estimate: within an hour queries may crowd, and then they wait. What runs on a reservation already is left out.
-- parameter dpu_usd float = 0.3: dollars of a DPU in an hour, in your Region
-- parameter dpus_of_query int = 4: DPUs that one query takes: 4 at least
-- parameter hours_of_day int = 24: hours of a day in which the reservation would stand
-- column account_id name: the account
-- column region name: the Region
-- column workgroup name: the workgroup
-- column queries count: queries that are billed by the byte
-- column cost_usd usd: their list price
-- column dpus count: DPUs for the busiest hour
-- column reserved_usd usd: their price over the whole range
-- column saving_usd usd: what that would save; negative where it would cost more
-- column hours_above count: hours that cost more than the same DPUs would
-- column saving_by_hour_usd usd: what DPUs in those hours alone would save: the most that could be
-- column break_even_bytes bytes: billed bytes in an hour from which on those DPUs pay; null if nothing was billed
WITH hours AS (
    SELECT account_id,
        region,
        workgroup,
        date_trunc('hour', counted_at) AS hour,
        count(*) AS queries,
        sum(cost_nanousd) AS cost_nanousd,
        sum(billed_bytes) AS billed_bytes,
        greatest(1, ceil(coalesce(sum(engine_ms), 0) / 3600000e0)) * :dpus_of_query AS dpus
    FROM asked
    WHERE cost_nanousd > 0
        AND dpu_count IS NULL
    GROUP BY account_id, region, workgroup, date_trunc('hour', counted_at)
),
planned AS (
    SELECT *,
        max(dpus) OVER (PARTITION BY account_id, region, workgroup) AS most_dpus
    FROM hours
),
priced AS (
    SELECT *,
        most_dpus * :dpu_usd AS hour_usd,
        (date_diff('day', CAST(:from AS date), CAST(:to AS date)) + 1) * :hours_of_day AS all_hours
    FROM planned
)
SELECT account_id,
    region,
    workgroup,
    sum(queries) AS queries,
    sum(cost_nanousd) / 1e9 AS cost_usd,
    CAST(max(most_dpus) AS bigint) AS dpus,
    max(hour_usd * all_hours) AS reserved_usd,
    sum(cost_nanousd) / 1e9 - max(hour_usd * all_hours) AS saving_usd,
    count_if(cost_nanousd / 1e9 > hour_usd) AS hours_above,
    coalesce(sum(if(cost_nanousd / 1e9 > hour_usd, cost_nanousd / 1e9 - hour_usd)), 0) AS saving_by_hour_usd,
    CAST(floor(max(hour_usd) * sum(billed_bytes) / nullif(sum(cost_nanousd) / 1e9, 0)) AS bigint) AS break_even_bytes
FROM priced
GROUP BY account_id, region, workgroup
ORDER BY saving_usd DESC, account_id, region, workgroup
