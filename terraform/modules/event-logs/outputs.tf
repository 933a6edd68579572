output "table_access_group" {
  description = "The name of the log group of table accesses."
  value       = aws_cloudwatch_log_group.this["table_access"].name
}

output "queries_group" {
  description = "The name of the log group of finished queries."
  value       = aws_cloudwatch_log_group.this["queries"].name
}

output "log_group_arns" {
  description = "The ARNs of both groups, without the `:*` at their ends."
  value       = [for key in ["table_access", "queries"] : aws_cloudwatch_log_group.this[key].arn]
}

output "kms_key_arn" {
  description = "The key that encrypts the groups, or null."
  value       = local.kms_key_arn
}
