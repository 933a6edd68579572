-- Savings: SELECT * on wide tables.
-- Which tables are read with SELECT * at a price above that of queries that name their columns? Of the queries that
-- read one table alone, those that say SELECT * (or t.*) FROM it; the saving is what they cost above the median of the
-- others on the same table, and null where there are no others. Wide is a table where that is a lot. Queries without
-- sql_text (events.query_text is off) are skipped; so are names beyond letters, digits and _.
-- parameter limit int = 100: at most so many rows
-- column table_name name: database.table
-- column queries count: queries that read it alone and say SELECT *
-- column users count: their different users; nobody's queries are none
-- column others count: queries that read it alone and name columns
-- column scanned_bytes bytes: bytes read by those with SELECT *
-- column cost_usd usd: what those with SELECT * cost
-- column others_median_usd usd: what half of the others cost at most; null if there are none
-- column saving_usd usd: what those with SELECT * cost above it; null if there are none
-- column last_query_id name: the latest with SELECT *
WITH candidates AS (
    SELECT query_id,
        user_name,
        counted_at,
        scanned_bytes,
        cost_nanousd,
        sql_text,
        array_distinct(
            transform(
                filter(tables, one -> one.mode = 'read' AND one.via_view IS NULL),
                one -> concat(one.database_name, '.', one.table_name)
            )
        ) AS table_names,
        cardinality(filter(tables, one -> one.mode = 'read' AND one.via_view IS NOT NULL)) AS behind_views
    FROM asked
    WHERE state = 'succeeded'
        AND sql_text IS NOT NULL
        AND cost_nanousd > 0
),
reads AS (
    SELECT candidates.*,
        used.table_name,
        contains(
            transform(
                regexp_extract_all(
                    candidates.sql_text,
                    '(?i)\bselect\s+(?:distinct\s+|all\s+)?(?:"?\w+"?\s*\.\s*)?\*\s+from\s+(?:"?\w+"?\s*\.\s*)*"?(\w+)',
                    1
                ),
                one -> lower(one)
            ),
            split_part(used.table_name, '.', 2)
        ) AS is_star
    FROM candidates
    CROSS JOIN UNNEST(candidates.table_names) AS used (table_name)
    WHERE cardinality(candidates.table_names) = 1
        AND candidates.behind_views = 0
),
ranked AS (
    SELECT *,
        count(*) OVER (PARTITION BY table_name, is_star) AS places,
        row_number() OVER (PARTITION BY table_name, is_star ORDER BY cost_nanousd, query_id) AS place
    FROM reads
),
compared AS (
    SELECT *,
        max(if(NOT is_star, places)) OVER (PARTITION BY table_name) AS others,
        max(if(NOT is_star AND place * 2 BETWEEN places AND places + 1, cost_nanousd))
            OVER (PARTITION BY table_name) AS median_nanousd
    FROM ranked
)
SELECT table_name,
    count(*) AS queries,
    count(DISTINCT nullif(user_name, 'unattributed')) AS users,
    coalesce(max(others), 0) AS others,
    coalesce(sum(scanned_bytes), 0) AS scanned_bytes,
    sum(cost_nanousd) / 1e9 AS cost_usd,
    max(median_nanousd) / 1e9 AS others_median_usd,
    sum(if(cost_nanousd > median_nanousd, cost_nanousd - median_nanousd)) / 1e9 AS saving_usd,
    max_by(query_id, counted_at) AS last_query_id
FROM compared
WHERE is_star
GROUP BY table_name
ORDER BY saving_usd DESC NULLS LAST, cost_usd DESC, table_name
LIMIT :limit
