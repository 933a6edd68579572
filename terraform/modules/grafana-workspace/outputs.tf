output "workspace_id" {
  description = "The workspace's id (g-...): what `python -m athena_dashboards.deploy --workspace` wants."
  value       = aws_grafana_workspace.this.id
}

output "workspace_arn" {
  description = "The workspace's ARN."
  value       = aws_grafana_workspace.this.arn
}

output "url" {
  description = "Where people, and GRAFANA_URL, find it."
  value       = "https://${aws_grafana_workspace.this.endpoint}"
}

output "grafana_version" {
  description = "The version, for the content."
  value       = var.grafana_version
}

output "role_arn" {
  description = "Who the workspace is: what the read roles trust."
  value       = aws_iam_role.workspace.arn
}

output "service_account_id" {
  description = "The service account that deploys the content; null where `create_service_account` is false."
  value       = one(aws_grafana_workspace_service_account.deploy[*].service_account_id)
}

output "topic_arn" {
  description = "The topic of alerts, for the content's contact_points; null where `create_topic` is false."
  value       = one(aws_sns_topic.alerts[*].arn)
}

output "policy_json" {
  description = "What the workspace may do, as an IAM policy."
  value       = data.aws_iam_policy_document.workspace.json
}

output "deploy_policy_json" {
  description = "What whoever deploys the content has to be allowed, as an IAM policy."
  value       = data.aws_iam_policy_document.deploy.json
}
