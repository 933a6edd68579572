output "role_arn" {
  description = "What Grafana's data sources assume."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "The role's name."
  value       = aws_iam_role.this.name
}

output "external_id" {
  description = "What the data sources have to say with it."
  value       = var.external_id
}

output "policy_json" {
  description = "What the role may do, as an IAM policy."
  value       = data.aws_iam_policy_document.read.json
}
