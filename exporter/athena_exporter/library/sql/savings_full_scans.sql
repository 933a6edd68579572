-- Savings: suspected full scans.
-- Which tables are often read whole although most of their readers need a small part? A guess, not a finding: the
-- history knows no partitions. Of the SELECTs that read one table alone, those are suspected that scanned nearly as
-- much as the largest did, where the median of the same table is far smaller. The saving is what they cost above it.
-- parameter at_least int = 10: only tables with so many such queries
-- parameter near_largest float = 0.8: suspected from this share of the largest scan on
-- parameter median_below float = 0.1: only tables whose median is at most this share of the largest scan
-- parameter limit int = 100: at most so many rows
-- column table_name name: database.table
-- column queries count: SELECTs that read it alone, and whose bytes are known
-- column suspects count: of which scanned nearly as much as the largest
-- column users count: different users of the suspects; nobody's queries are none
-- column largest_bytes bytes: the largest scan
-- column median_bytes bytes: the median scan
-- column suspect_bytes bytes: bytes read by the suspects
-- column cost_usd usd: what the suspects cost
-- column saving_usd usd: of which is above the median query of the table
-- column last_query_id name: the latest suspect
WITH candidates AS (
    SELECT query_id,
        user_name,
        counted_at,
        scanned_bytes,
        cost_nanousd,
        array_distinct(
            transform(
                filter(tables, one -> one.mode = 'read'),
                one -> concat(one.database_name, '.', one.table_name)
            )
        ) AS table_names
    FROM asked
    WHERE state = 'succeeded'
        AND scanned_bytes > 0
        AND cost_nanousd > 0
        AND substatement_type = 'SELECT'
),
reads AS (
    SELECT candidates.*,
        used.table_name
    FROM candidates
    CROSS JOIN UNNEST(candidates.table_names) AS used (table_name)
    WHERE cardinality(candidates.table_names) = 1
),
ranked AS (
    SELECT *,
        count(*) OVER (PARTITION BY table_name) AS places,
        max(scanned_bytes) OVER (PARTITION BY table_name) AS largest_bytes,
        row_number() OVER (PARTITION BY table_name ORDER BY scanned_bytes, cost_nanousd, query_id) AS place
    FROM reads
),
measured AS (
    SELECT *,
        max(if(place * 2 BETWEEN places AND places + 1, scanned_bytes)) OVER (PARTITION BY table_name) AS median_bytes,
        max(if(place * 2 BETWEEN places AND places + 1, cost_nanousd)) OVER (PARTITION BY table_name) AS median_nanousd,
        scanned_bytes >= largest_bytes * :near_largest AS is_suspect
    FROM ranked
)
SELECT table_name,
    count(*) AS queries,
    count_if(is_suspect) AS suspects,
    count(DISTINCT if(is_suspect, nullif(user_name, 'unattributed'))) AS users,
    max(largest_bytes) AS largest_bytes,
    max(median_bytes) AS median_bytes,
    sum(if(is_suspect, scanned_bytes)) AS suspect_bytes,
    sum(if(is_suspect, cost_nanousd)) / 1e9 AS cost_usd,
    sum(if(is_suspect, cost_nanousd - median_nanousd)) / 1e9 AS saving_usd,
    max_by(if(is_suspect, query_id), if(is_suspect, counted_at)) AS last_query_id
FROM measured
WHERE places >= :at_least
    AND median_bytes <= largest_bytes * :median_below
GROUP BY table_name
ORDER BY saving_usd DESC, table_name
LIMIT :limit
