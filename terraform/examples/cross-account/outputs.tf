output "workspace_id" {
  description = "The Grafana workspace, for `python -m athena_dashboards.deploy apply --workspace`."
  value       = module.grafana_workspace.workspace_id
}

output "url" {
  description = "Where Grafana is."
  value       = module.grafana_workspace.url
}

output "content" {
  description = "The variables of the stack content."
  value = {
    grafana_version = module.grafana_workspace.grafana_version
    metrics         = merge(local.assumed, { url = module.metrics_store.endpoint })
    cloudwatch      = { cloudwatch = local.assumed }
    athena          = { athena = merge(local.assumed, { workgroup = module.history.workgroup_name, database = module.history.database_name }) }
    contact_points  = { all = { sns_topic_arns = [module.grafana_workspace.topic_arn] } }
  }
}

locals {
  assumed = { region = var.region, assume_role_arn = module.grafana_read_role.role_arn, external_id = module.grafana_read_role.external_id }
}
