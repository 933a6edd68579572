-- Athena's scans of a day in a Cost and Usage Report 2.0, by workgroup and type of line. Columns and types of lines:
-- docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2-line-item.html; an export to S3 is partitioned by
-- billing_period. Unverified with a real report: that the resource of Athena's lines is the workgroup's ARN.
SELECT line_item_usage_account_id AS account_id,
    regexp_extract(line_item_resource_id, '^arn:[^:]*:athena:([^:]*):', 1) AS region,
    regexp_extract(line_item_resource_id, ':workgroup/(.+)$', 1) AS workgroup,
    line_item_line_item_type AS line_type,
    sum(line_item_usage_amount) AS usage_tb,
    sum(line_item_unblended_cost) AS cost_usd
FROM {report}
WHERE billing_period = :month
    AND CAST(line_item_usage_start_date AS date) = CAST(:day AS date)
    AND line_item_product_code = 'AmazonAthena'
    AND line_item_usage_type LIKE '%DataScannedInTB'
GROUP BY line_item_usage_account_id,
    regexp_extract(line_item_resource_id, '^arn:[^:]*:athena:([^:]*):', 1),
    regexp_extract(line_item_resource_id, ':workgroup/(.+)$', 1),
    line_item_line_item_type
ORDER BY account_id, region, workgroup, line_type
