-- The queries of the range, as Athena's own table has them: without the exporter, at the prices that are given, and as
-- far as a principal's ARN tells who it was. The database is that of the tables that were accessed, else the context's.
system_rows AS (
    SELECT query_execution_id AS query_id,
        account_id,
        region_name AS region,
        work_group_name AS workgroup,
        replace(lower(state), 'canceled', 'cancelled') AS state,
        CAST(submission_date_time AT TIME ZONE 'UTC' AS timestamp) AS submitted_at,
        CAST(completion_date_time AT TIME ZONE 'UTC' AS timestamp) AS ended_at,
        principal_arn,
        catalog_name,
        database_name AS context_database,
        array_distinct(transform(tables_accessed, one -> lower(one.database_name))) AS databases,
        statement_type,
        substatement_type,
        data_scanned_in_bytes AS scanned_bytes,
        query_queue_time_in_millis AS queue_ms,
        query_planning_time_in_millis AS planning_ms,
        engine_execution_time_in_millis AS engine_ms,
        service_pre_processing_time_in_millis AS service_pre_ms,
        service_processing_time_in_millis AS service_ms,
        total_execution_time_in_millis AS total_ms,
        dpu_count,
        reused_previous_result AS result_reused,
        coalesce(strpos(lower(state_change_reason), 'bytes scanned limit was exceeded') > 0, false) AS cutoff_hit,
        if(error_category = 1, 'system', if(error_category = 2, 'user', if(error_category = 3, 'other')))
            AS error_category,
        error_type,
        retryable AS error_retryable
    FROM {table}
    WHERE submission_date_time >= :submitted_from
        AND submission_date_time < :ended_until
        AND completion_date_time >= :ended_from
        AND completion_date_time < :ended_until
        AND (:of_workgroups)
        AND (cardinality(:accounts) = 0 OR contains(:accounts, account_id))
        AND (cardinality(:regions) = 0 OR contains(:regions, region_name))
),
trail_records AS (
    SELECT query_id,
        account_id,
        region,
        CASE
            WHEN regexp_like(principal_arn, ':(assumed-role|role)/') THEN 'AssumedRole'
            WHEN regexp_like(principal_arn, ':user/') THEN 'IAMUser'
            WHEN regexp_like(principal_arn, ':federated-user/') THEN 'FederatedUser'
            WHEN regexp_like(principal_arn, ':root$') THEN 'Root'
        END AS identity_type,
        principal_arn AS arn,
        CAST(NULL AS varchar) AS username,
        regexp_extract(principal_arn, '::([0-9]{12}):', 1) AS accountid,
        CAST(NULL AS varchar) AS invokedby,
        CAST(NULL AS varchar) AS provider,
        CAST(NULL AS varchar) AS onbehalfof,
        CAST(NULL AS varchar) AS sourceidentity,
        coalesce(
            regexp_extract(principal_arn, ':assumed-role/(?:[^:]*/)?([^/:]+)/[^/]+$', 1),
            regexp_extract(principal_arn, ':role/(?:.*/)?([^/]+)$', 1)
        ) AS role,
        regexp_extract(principal_arn, ':assumed-role/(?:[^:]*/)?[^/:]+/([^/]+)$', 1) AS session
    FROM system_rows
    WHERE principal_arn IS NOT NULL
),
{people},
system_billed AS (
    SELECT *,
        date_format(ended_at, '%Y-%m-%d') AS day,
        CASE
            WHEN state = 'failed' OR coalesce(result_reused, false) OR dpu_count IS NOT NULL
                OR coalesce(statement_type IN ('DDL', 'UTILITY'), false) THEN 0
            WHEN scanned_bytes IS NULL THEN NULL
            ELSE greatest(
                :minimum_bytes,
                CAST(ceil(scanned_bytes / if(:tb_bytes = 1000000000000, 1e6, 1048576e0)) AS bigint)
                * if(:tb_bytes = 1000000000000, 1000000, 1048576)
            )
        END AS billed_bytes
    FROM system_rows
),
asked AS (
    SELECT system_billed.query_id,
        system_billed.account_id,
        system_billed.region,
        system_billed.workgroup,
        system_billed.state,
        system_billed.ended_at AS counted_at,
        system_billed.submitted_at,
        system_billed.ended_at,
        coalesce(trail_named.user_name, 'unattributed') AS user_name,
        coalesce(trail_named.user_kind, 'unknown') AS user_kind,
        trail_named.role_name,
        system_billed.catalog_name,
        CASE
            WHEN cardinality(system_billed.databases) > 1 THEN 'multiple'
            WHEN cardinality(system_billed.databases) = 1 THEN element_at(system_billed.databases, 1)
            ELSE system_billed.context_database
        END AS database_name,
        system_billed.statement_type,
        system_billed.substatement_type,
        system_billed.scanned_bytes,
        system_billed.billed_bytes,
        CAST(round(system_billed.billed_bytes * :usd_per_tb * 1e9 / :tb_bytes) AS bigint) AS cost_nanousd,
        system_billed.billed_bytes * :usd_per_tb / :tb_bytes AS cost_usd,
        system_billed.queue_ms,
        system_billed.planning_ms,
        system_billed.engine_ms,
        system_billed.service_pre_ms,
        system_billed.service_ms,
        system_billed.total_ms,
        system_billed.dpu_count,
        system_billed.result_reused,
        system_billed.cutoff_hit,
        system_billed.error_category,
        system_billed.error_type,
        system_billed.error_retryable,
        system_billed.day
    FROM system_billed
    LEFT JOIN trail_named
        ON trail_named.query_id = system_billed.query_id
        AND trail_named.account_id = system_billed.account_id
        AND trail_named.region = system_billed.region
    WHERE system_billed.day BETWEEN :from AND :to
        AND (cardinality(:workgroups) = 0 OR contains(:workgroups, system_billed.workgroup))
)
