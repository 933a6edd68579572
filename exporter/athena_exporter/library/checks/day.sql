-- A day of the history by workgroup and state, and the MB that Athena bills of it by either meaning of MB: whole ones,
-- and the minimum at least, of each query that is billed by the byte.
SELECT account_id,
    region,
    workgroup,
    state,
    count(*) AS queries,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    count_if(billed_bytes > 0) AS billed_queries,
    coalesce(sum(if(billed_bytes > 0, greatest(:minimum_mb, CAST(ceil(scanned_bytes / 1048576e0) AS bigint)))), 0)
        AS binary_mb,
    coalesce(sum(if(billed_bytes > 0, greatest(:minimum_mb, CAST(ceil(scanned_bytes / 1000000e0) AS bigint)))), 0)
        AS decimal_mb
FROM queries
WHERE day = :day
GROUP BY account_id, region, workgroup, state
ORDER BY account_id, region, workgroup, state
