-- The queries of the range, as the history has them.
asked AS (
    SELECT *
    FROM queries
    WHERE day BETWEEN :from AND :to
        AND (cardinality(:accounts) = 0 OR contains(:accounts, account_id))
        AND (cardinality(:regions) = 0 OR contains(:regions, region))
        AND (cardinality(:workgroups) = 0 OR contains(:workgroups, workgroup))
)
