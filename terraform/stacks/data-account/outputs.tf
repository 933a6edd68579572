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

output "history" {
  description = "Where the history is: bucket, database, workgroup, for `athena-exporter report --on athena`; null where there is none."
  value       = one([for one in module.history : { bucket = one.bucket, database = one.database_name, workgroup = one.workgroup_name }])
}

output "history_reader_policy_json" {
  description = "What a role of people needs to ask the history, as an IAM policy; null where there is none."
  value       = one(module.history[*].reader_policy_json)
}

# terraform output -json content > ../content/data-account.auto.tfvars.json
output "content" {
  description = "What the stack content has to know of this account: its variables metrics, cloudwatch and athena."
  value = {
    metrics    = merge(local.assumed, { url = module.metrics_store.endpoint, scrape_interval = "${var.scrape_seconds}s" })
    cloudwatch = { cloudwatch = local.assumed }
    athena     = { for one in slice(local.asked, 0, min(1, length(local.asked))) : "athena" => merge(local.assumed, { workgroup = one.workgroup_name, database = one.database_name }) }
  }
}

data "aws_partition" "current" {}

locals {
  # The history has a view of CloudTrail's table, so that one data source asks both.
  asked = concat(module.history, module.audit_trail)

  assumed = {
    region          = var.region
    assume_role_arn = one(module.grafana_read_role[*].role_arn)
    external_id     = length(module.grafana_read_role) > 0 ? var.external_id : null
  }
}
