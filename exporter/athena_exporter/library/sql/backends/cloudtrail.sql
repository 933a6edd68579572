-- The same, and who started them by CloudTrail's records where the history cannot tell. The rules are those of the
-- exporter (sources/identity.py), and they name people as CloudTrail does, whatever identity.privacy says.
trail_records AS (
    SELECT json_extract_scalar(responseelements, '$.queryExecutionId') AS query_id,
        recipientaccountid AS account_id,
        awsregion AS region,
        useridentity.type AS identity_type,
        useridentity.arn AS arn,
        useridentity.username AS username,
        useridentity.accountid AS accountid,
        useridentity.invokedby AS invokedby,
        regexp_extract(useridentity.identityprovider, '[^/]+$') AS provider,
        useridentity.onbehalfof.userid AS onbehalfof,
        useridentity.sessioncontext.sourceidentity AS sourceidentity,
        coalesce(
            useridentity.sessioncontext.sessionissuer.username,
            regexp_extract(useridentity.arn, ':assumed-role/(?:[^:]*/)?([^/:]+)/[^/]+$', 1)
        ) AS role,
        coalesce(
            regexp_extract(useridentity.arn, ':assumed-role/(?:[^:]*/)?[^/:]+/([^/]+)$', 1),
            regexp_extract(useridentity.principalid, ':(.+)$', 1)
        ) AS session
    FROM cloudtrail_logs
    WHERE day BETWEEN :trail_from AND :trail_to
        AND eventsource = 'athena.amazonaws.com'
        AND eventname = 'StartQueryExecution'
        AND errorcode IS NULL
),
{people},
trail_starts AS (
    SELECT query_id,
        account_id,
        region,
        min(role_name) AS role_name,
        min(user_kind) AS user_kind,
        min(user_name) AS user_name
    FROM trail_named
    GROUP BY query_id, account_id, region
),
asked AS (
    SELECT {kept},
        queries.cost_usd,
        queries.day,
        if(queries.user_name = 'unattributed', coalesce(trail_starts.user_name, 'unattributed'), queries.user_name)
            AS user_name,
        if(queries.user_name = 'unattributed', coalesce(trail_starts.user_kind, 'unknown'), queries.user_kind)
            AS user_kind,
        if(queries.user_name = 'unattributed', trail_starts.role_name, queries.role_name) AS role_name
    FROM queries
    LEFT JOIN trail_starts
        ON queries.query_id = trail_starts.query_id
        AND queries.account_id = trail_starts.account_id
        AND queries.region = trail_starts.region
    WHERE queries.day BETWEEN :from AND :to
        AND (cardinality(:accounts) = 0 OR contains(:accounts, queries.account_id))
        AND (cardinality(:regions) = 0 OR contains(:regions, queries.region))
        AND (cardinality(:workgroups) = 0 OR contains(:workgroups, queries.workgroup))
)
