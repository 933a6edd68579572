output "workgroup_name" {
  description = "The workgroup that audit questions are asked in."
  value       = aws_athena_workgroup.audit.name
}

output "workgroup_arn" {
  description = "Its ARN."
  value       = aws_athena_workgroup.audit.arn
}

output "database_name" {
  description = "The Glue database of the table."
  value       = aws_glue_catalog_database.audit.name
}

output "table_name" {
  description = "The table over the files of the trail."
  value       = aws_glue_catalog_table.cloudtrail_logs.name
}

output "cloudtrail" {
  description = "The table for the views of others over it: the `cloudtrail` of the module history."
  value = {
    database = aws_glue_catalog_database.audit.name
    table    = aws_glue_catalog_table.cloudtrail_logs.name
  }
}

output "trail_bucket" {
  description = "The bucket of the trail's files."
  value       = local.trail_bucket
}

output "trail_prefix" {
  description = "What stands before /AWSLogs/ in that bucket; empty for nothing."
  value       = local.trail_prefix
}

output "trail_arn" {
  description = "The trail that the module made; null where one was there."
  value       = one(aws_cloudtrail.this[*].arn)
}

output "results_bucket" {
  description = "The bucket of the audit workgroup's results."
  value       = aws_s3_bucket.results.bucket
}

output "kms_key_arns" {
  description = "The keys that a reader of the table has to be allowed to use; empty for none."
  value       = local.kms_key_arns
}

output "audit" {
  description = "All that a reader needs: the `audit` of the module grafana-read-role."
  value = {
    workgroup      = aws_athena_workgroup.audit.name
    database       = aws_glue_catalog_database.audit.name
    trail_bucket   = local.trail_bucket
    trail_prefix   = local.trail_prefix
    results_bucket = aws_s3_bucket.results.bucket
    kms_key_arns   = local.kms_key_arns
  }
}
