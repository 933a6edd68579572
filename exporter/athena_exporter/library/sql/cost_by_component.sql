-- Cost by component and workload.
-- What does each component of the platform cost, month by month, and which of its jobs? A component is what the
-- workgroup's tag says; the history has no tags, so they are given. Without one it is the first word of the
-- workgroup's name.
-- parameter components pairs = none: workgroup=component, as the workgroups are tagged
-- column month month: the UTC month in which the queries ended
-- column component name: the component
-- column workload name: the job; null for queries of none
-- column queries count: finished queries
-- column scanned_bytes bytes: bytes read
-- column billed_bytes bytes: bytes that AWS bills
-- column cost_usd usd: list price of the billed bytes
WITH tagged AS (
    SELECT *
    FROM (:components) AS told (workgroup, component)
),
placed AS (
    SELECT substr(asked.day, 1, 7) AS month,
        coalesce(tagged.component, regexp_extract(asked.workgroup, '^[^-_.]+'), asked.workgroup) AS component,
        asked.workload,
        asked.scanned_bytes,
        asked.billed_bytes,
        asked.cost_nanousd
    FROM asked
    LEFT JOIN tagged ON tagged.workgroup = asked.workgroup
)
SELECT month,
    component,
    workload,
    count(*) AS queries,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    coalesce(sum(billed_bytes), 0) AS billed_bytes,
    coalesce(sum(cost_nanousd), 0) / 1e9 AS cost_usd
FROM placed
GROUP BY month, component, workload
ORDER BY month, cost_usd DESC, component, workload
