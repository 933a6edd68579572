output "workspace_id" {
  description = "The workspace's id (g-...): what `python -m athena_dashboards.deploy --workspace` wants."
  value       = module.workspace.workspace_id
}

output "workspace_arn" {
  description = "The workspace's ARN."
  value       = module.workspace.workspace_arn
}

output "url" {
  description = "Where people, and GRAFANA_URL, find it."
  value       = module.workspace.url
}

output "grafana_version" {
  description = "The version, for the content."
  value       = module.workspace.grafana_version
}

output "role_arn" {
  description = "Who the workspace is: what the read roles trust."
  value       = module.workspace.role_arn
}

output "service_account_id" {
  description = "The service account that deploys the content; null where `create_service_account` is false."
  value       = module.workspace.service_account_id
}

output "topic_arn" {
  description = "The topic of alerts, for the content's contact_points; null where `create_topic` is false."
  value       = module.workspace.topic_arn
}

output "policy_json" {
  description = "What the workspace may do, as an IAM policy."
  value       = module.workspace.policy_json
}

output "deploy_policy_json" {
  description = "What whoever deploys the content has to be allowed, as an IAM policy."
  value       = module.workspace.deploy_policy_json
}

# terraform output -json content > ../content/workspace.auto.tfvars.json
output "content" {
  description = "What the stack content has to know of the workspace: its variables grafana_version and contact_points."
  value = {
    grafana_version = module.workspace.grafana_version
    contact_points  = { for arn in [module.workspace.topic_arn] : "all" => { sns_topic_arns = [arn] } if arn != null }
  }
}
