-- Repeated queries.
-- Which SELECTs are asked again and again, letter for letter, and what would result reuse have saved at least?
-- Reuse gives the last result of the same text in the same workgroup, if it is not older than the caller allows
-- (docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html). Time is cut into stretches of that length; what
-- was submitted after the first success of its stretch had ended counts as saved. Tables that change in between, or that
-- Lake Formation governs, are not known here.
-- parameter max_age_minutes int = 60: how old a result may be
-- parameter at_least int = 2: only what was asked so many times
-- parameter limit int = 100: at most so many rows
-- column sql_digest name: SHA-256 of the SQL
-- column workgroup name: its workgroup
-- column database_name name: the database that the SQL names
-- column runs count: how often it was asked
-- column reused count: how often an earlier result was given
-- column reusable count: how often one could have been, and was not
-- column users count: different users; nobody's queries are none
-- column scanned_bytes bytes: bytes read
-- column cost_usd usd: list price of the billed bytes
-- column saving_usd usd: of which reuse would have saved so much
-- column sql_text name: the SQL, as far as events.query_text lets it out
-- column last_query_id name: the latest of them
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
SELECT sql_digest,
    workgroup,
    database_name,
    count(*) AS runs,
    count_if(result_reused) AS reused,
    count_if(is_reusable) AS reusable,
    count(DISTINCT nullif(user_name, 'unattributed')) AS users,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    coalesce(sum(cost_nanousd), 0) / 1e9 AS cost_usd,
    coalesce(sum(if(is_reusable, cost_nanousd)), 0) / 1e9 AS saving_usd,
    max(sql_text) AS sql_text,
    max_by(query_id, counted_at) AS last_query_id
FROM judged
GROUP BY account_id, region, workgroup, catalog_name, database_name, sql_digest
HAVING count(*) >= :at_least
ORDER BY saving_usd DESC, cost_usd DESC, runs DESC, sql_digest, workgroup, database_name
LIMIT :limit
