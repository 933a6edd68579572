output "read_role_arn" {
  description = "What Grafana's data sources assume, whether or not it is there yet: for the stack grafana-workspace."
  value       = "arn:${data.aws_partition.current.partition}:iam::${var.account_id}:role/${var.name}-grafana-read"
}

output "repository_url" {
  description = "Where to push the exporter's image; null where `image` says where it is."
  value       = module.exporter.repository_url
}

output "task_role_arn" {
  description = "Who the exporter is: what roles in other accounts trust."
  value       = module.exporter.task_role_arn
}

output "cluster_and_service" {
  description = "Where the exporter runs, for `aws ecs`."
  value       = [module.exporter.cluster_name, module.exporter.service_name]
}

output "workgroups" {
  description = "The workgroups that were made here."
  value       = try(one(module.workgroups[*].workgroups), null)
}

output "workgroup_task_policies" {
  description = "By workgroup: what a task that queries through it has to be allowed."
  value       = try(one(module.workgroups[*].task_policies), null)
}

output "queue_url" {
  description = "The queue of Athena's events; null where there is none."
  value       = try(one(module.events[*].queue_url), null)
}

# terraform output -json content > ../content/data-account.auto.tfvars.json
output "content" {
  description = "What the stack content has to know of this account: its variables metrics, cloudwatch and athena."
  value = {
    metrics    = merge(local.assumed, { url = module.metrics_store.endpoint, scrape_interval = "${var.scrape_seconds}s" })
    cloudwatch = { cloudwatch = local.assumed }
    athena     = { for one in module.audit_trail : "athena" => merge(local.assumed, { workgroup = one.workgroup_name, database = one.database_name }) }
  }
}

data "aws_partition" "current" {}

locals {
  assumed = {
    region          = var.region
    assume_role_arn = one(module.grafana_read_role[*].role_arn)
    external_id     = length(module.grafana_read_role) > 0 ? var.external_id : null
  }
}
