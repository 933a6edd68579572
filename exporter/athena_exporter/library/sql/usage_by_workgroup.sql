-- Usage by workgroup.
-- Which workgroup asks how much, and at what price? Dearest first.
-- column account_id name: the account
-- column region name: the Region
-- column workgroup name: the workgroup
-- column queries count: finished queries
-- column users count: different users; nobody's queries are none
-- column scanned_bytes bytes: bytes read
-- column billed_bytes bytes: bytes that AWS bills
-- column cost_usd usd: list price of the billed bytes
-- column cost_share ratio: of what all workgroups cost; null if that is nothing
-- column failed_share ratio: of the workgroup's queries
-- column cutoff_hits count: queries that the workgroup's limit of bytes ended
-- column reused count: queries that got an earlier result
SELECT account_id,
    region,
    workgroup,
    count(*) AS queries,
    count(DISTINCT nullif(user_name, 'unattributed')) AS users,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    coalesce(sum(billed_bytes), 0) AS billed_bytes,
    coalesce(sum(cost_nanousd), 0) / 1e9 AS cost_usd,
    coalesce(sum(cost_nanousd), 0) / nullif(sum(sum(cost_nanousd)) OVER () * 1e0, 0) AS cost_share,
    count_if(state = 'failed') / (count(*) * 1e0) AS failed_share,
    count_if(cutoff_hit) AS cutoff_hits,
    count_if(result_reused) AS reused
FROM asked
GROUP BY account_id, region, workgroup
ORDER BY cost_usd DESC, queries DESC, account_id, region, workgroup
