output "bucket" {
  description = "The bucket of the history and of the workgroup's results."
  value       = aws_s3_bucket.history.bucket
}

output "configuration" {
  description = "The exporter's `history`: what its configuration has to say to write here."
  value = merge(
    { enabled = true, bucket = aws_s3_bucket.history.bucket, prefix = var.prefix },
    { for key in compact([var.kms_key_arn]) : "kms_key" => key },
  )
}

output "database_name" {
  description = "The Glue database of the table and its views."
  value       = aws_glue_catalog_database.history.name
}

output "table_name" {
  description = "The table of raw rows."
  value       = aws_glue_catalog_table.history.name
}

output "view_names" {
  description = "The views beside it."
  value       = keys(aws_glue_catalog_table.view)
}

output "workgroup_name" {
  description = "The workgroup that the history is asked in."
  value       = aws_athena_workgroup.history.name
}

output "workgroup_arn" {
  description = "Its ARN."
  value       = aws_athena_workgroup.history.arn
}

output "reader_policy_json" {
  description = "What whoever asks may do, as an IAM policy: for `policies` of the module grafana-read-role, or a person's role."
  value       = data.aws_iam_policy_document.reader.json
}
