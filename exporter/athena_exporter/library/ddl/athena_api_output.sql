-- The table of "How Realtor.com Monitors Amazon Athena Usage" (AWS Big Data Blog), which a script used to fill from
-- BatchGetQueryExecution, as a view: its columns and types, and `day`. Bound `day`, or it reads the whole history.
SELECT query_id AS queryid,
    database_name AS querydatabase,
    engine_ms AS executiontime,
    scanned_bytes AS datascanned,
    upper(state) AS status,
    date_format(submitted_at, '%Y-%m-%dT%H:%i:%s.%fZ') AS submissiondatetime,
    date_format(ended_at, '%Y-%m-%dT%H:%i:%s.%fZ') AS completiondatetime,
    day
FROM queries
