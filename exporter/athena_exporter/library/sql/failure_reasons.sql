-- Failure reasons.
-- Why do queries fail, whose fault is it, and whom does it hit? Most first.
-- column error_category name: system, user or other; unknown if AWS did not say
-- column error_name name: what went wrong; unknown if AWS did not say
-- column error_type count: AWS's number of it
-- column failures count: queries that failed so
-- column failure_share ratio: of all failures
-- column retryable count: of which AWS says that a retry may help
-- column users count: different users; nobody's queries are none
-- column workgroups count: different workgroups
-- column engine_ms ms: what the engine had worked for them
-- column last_query_id name: the latest of them
SELECT coalesce(error_category, 'unknown') AS error_category,
    coalesce(error_name, 'unknown') AS error_name,
    error_type,
    count(*) AS failures,
    count(*) / (sum(count(*)) OVER () * 1e0) AS failure_share,
    count_if(error_retryable) AS retryable,
    count(DISTINCT nullif(user_name, 'unattributed')) AS users,
    count(DISTINCT workgroup) AS workgroups,
    coalesce(sum(engine_ms), 0) AS engine_ms,
    max_by(query_id, counted_at) AS last_query_id
FROM asked
WHERE state = 'failed'
GROUP BY coalesce(error_category, 'unknown'), coalesce(error_name, 'unknown'), error_type
ORDER BY failures DESC, error_category, error_name, error_type
