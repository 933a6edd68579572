-- Savings, ranked.
-- Where is most money to be saved? The best of the savings questions in one list, those that have a saving. They
-- overlap: a repeated SELECT * of a whole table is in three of them, so they do not add up. Tables in row formats are
-- a question of their own, for Glue has to be asked for them first.
-- parameter top int = 50: at most so many rows
-- column saving name: which question tells it
-- column subject name: the table, or account, Region and workgroup
-- column queries count: queries that it is about
-- column cost_usd usd: what they cost
-- column saving_usd usd: of which could be saved
WITH found AS (
    SELECT 'savings_full_scans' AS saving, table_name AS subject, suspects AS queries, cost_usd, saving_usd
    FROM ({savings_full_scans}) AS scans
    UNION ALL
    SELECT 'savings_select_star', table_name, queries, cost_usd, saving_usd
    FROM ({savings_select_star}) AS stars
    UNION ALL
    SELECT 'savings_result_reuse', concat(account_id, ' ', region, ' ', workgroup, ' ', client), reusable, cost_usd,
        saving_usd
    FROM ({savings_result_reuse}) AS reuses
    UNION ALL
    SELECT 'savings_reservation', concat(account_id, ' ', region, ' ', workgroup), queries, cost_usd, saving_usd
    FROM ({savings_reservation}) AS reservations
)
SELECT saving, subject, queries, cost_usd, saving_usd
FROM found
WHERE saving_usd > 0
ORDER BY saving_usd DESC, saving, subject
LIMIT :top
