-- Who started a query, from `trail_records`: the rules of the exporter (sources/identity.py), as far as SQL can say them.
trail_judged AS (
    SELECT *,
        regexp_extract(role, '^AWSReservedSSO_(.+)_[0-9a-f]{16}$', 1) AS permission_set,
        nullif(regexp_extract(role, :person_role, 1), '') AS person,
        coalesce(
            regexp_like(role, '^(AWSServiceRoleFor|aws-quicksight-(s3-)?service-role)')
            OR regexp_like(session, '^[0-9]+$')
            OR regexp_like(session, '^i-[0-9a-f]{8,17}$')
            OR regexp_like(session, '^AWSLF-')
            OR session = 'GlueJobRunnerSession'
            OR regexp_like(session, '(?i)^(botocore|boto3|pyathena|awswrangler)-session\b')
            OR regexp_like(session, '(?i)session[-_.]?[0-9]+$')
            OR regexp_like(session, '[-_.][0-9]{8,}$')
            OR regexp_like(session, '[0-9]{10,}')
            OR regexp_like(session, '[0-9]{4}-?[0-9]{2}-?[0-9]{2}[Tt_ -][0-9]{2}')
            OR regexp_like(session, '(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
            OR regexp_like(regexp_extract(session, '(?i)(?:^|[-_.])([0-9a-f]{12,})(?:$|[-_.])', 1), '[0-9]'),
            false
        ) AS is_machine
    FROM trail_records
    WHERE query_id IS NOT NULL
),
trail_named AS (
    SELECT query_id,
        account_id,
        region,
        CASE
            WHEN identity_type = 'AssumedRole' AND permission_set <> '' THEN concat('sso:', permission_set)
            WHEN identity_type = 'AssumedRole' THEN role
        END AS role_name,
        CASE
            WHEN sourceidentity <> '' OR onbehalfof <> '' OR identity_type = 'IAMUser' THEN 'person'
            WHEN identity_type = 'AssumedRole' AND permission_set <> ''
                THEN if(session IS NULL, 'role', 'person')
            WHEN identity_type = 'AssumedRole' AND (person <> '' OR session LIKE '%@%') THEN 'person'
            WHEN identity_type = 'AssumedRole' AND is_machine THEN 'service'
            WHEN identity_type = 'AssumedRole' THEN 'role'
            WHEN identity_type IN ('FederatedUser', 'SAMLUser', 'WebIdentityUser') THEN 'person'
            WHEN identity_type = 'AWSService' THEN 'service'
            ELSE 'unknown'
        END AS user_kind,
        coalesce(
            CASE
                WHEN sourceidentity <> '' THEN sourceidentity
                WHEN onbehalfof <> '' THEN concat('idc:', onbehalfof)
                WHEN identity_type = 'AssumedRole' AND permission_set <> ''
                    THEN coalesce(session, concat('sso:', permission_set))
                WHEN identity_type = 'AssumedRole' AND person <> '' THEN person
                WHEN identity_type = 'AssumedRole' AND session LIKE '%@%' THEN session
                WHEN identity_type = 'AssumedRole' AND is_machine THEN role
                WHEN identity_type = 'AssumedRole' THEN coalesce(concat(role, '/', session), role, session)
                WHEN identity_type = 'FederatedUser' THEN regexp_extract(arn, ':federated-user/(.+)$', 1)
                WHEN identity_type IN ('SAMLUser', 'WebIdentityUser')
                    THEN coalesce(concat(provider, ':', username), username, provider)
                WHEN identity_type = 'AWSService' THEN invokedby
                WHEN identity_type = 'AWSAccount' THEN concat('account:', accountid)
                WHEN identity_type = 'Root' THEN 'root'
            END,
            username,
            regexp_extract(arn, '[^/:]+$'),
            'unknown'
        ) AS user_name
    FROM trail_judged
)
