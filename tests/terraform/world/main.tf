# Every module in several shapes, planned once: what tests/terraform reads. No credentials, no network.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.98, < 7"
    }
  }
}

provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
}

locals {
  workspace = "arn:aws:aps:eu-west-2:123456789012:workspace/ws-0123abcd"
  metrics_store = {
    workspace_arn    = local.workspace
    remote_write_url = "https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/ws-0123abcd/api/v1/remote_write"
  }
  key = "arn:aws:kms:eu-west-2:123456789012:key/0123abcd"
  vpc = {
    id      = "vpc-0123456789abcdef0"
    subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  }
}

variable "configurations" {
  type        = any
  description = "Configurations of the exporter, by name."
}

variable "budgets" {
  type        = string
  description = "A file of budgets."
}

module "exporter" {
  source   = "../../../terraform/modules/exporter"
  for_each = var.configurations

  configuration = each.value
  metrics_store = local.metrics_store
  image         = "ghcr.example/athena-exporter:1.0.0"

  trail_kms_key_arns = each.key == "trail" ? [local.key] : []
  vpc_id             = local.vpc.id
  subnet_ids         = local.vpc.subnets
}

output "configurations" {
  description = "What each of them is run with."
  value       = { for name, one in module.exporter : name => one.configuration }
}

module "whole_exporter" {
  source = "../../../terraform/modules/exporter"

  name = "whole"
  configuration = {
    events  = { enabled = true }
    guard   = { mode = "enforce", protected = ["airflow-*"] }
    budgets = { file = "/etc/athena-exporter/budgets.yml" }
  }
  files                = { "budgets.yml" = var.budgets }
  secrets              = { ATHENA_EXPORTER_PSEUDONYM_KEY = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:key-a1b2c3:value::", SLACK = "arn:aws:ssm:eu-west-2:123456789012:parameter/slack" }
  secrets_kms_key_arns = [local.key]
  metrics_store        = local.metrics_store
  scrape_seconds       = 30
  external_labels      = { environment = "production" }
  vpc_id               = local.vpc.id
  subnet_ids           = local.vpc.subnets
  assign_public_ip     = true
  egress_cidrs         = ["0.0.0.0/0", "::/0"]
  container_insights   = true
  create_repository    = true
  image_tag            = "1.0.0"
  agent_image          = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/docker-hub/prom/prometheus:v3.13.4"
  efs_kms_key_arn      = local.key
  log_kms_key_arn      = local.key
  task_policies        = { queues = module.events["everything"].consumer_policy_json }
  guard_role           = { external_id = "guard-external-id", workgroups = ["airflow-*", "adhoc"] }
  create_topic         = true
  tags                 = { component = "observability" }
}

module "metrics_store" {
  source   = "../../../terraform/modules/metrics-store"
  for_each = { plain = [], shared = ["arn:aws:iam::444455556666:role/grafana"] }

  reader_principal_arns = each.value
  log_retention_days    = each.key == "plain" ? null : 30
  kms_key_arn           = each.key == "plain" ? null : local.key
}

module "event_logs" {
  source   = "../../../terraform/modules/event-logs"
  for_each = { plain = false, keyed = true }

  create_kms_key = each.value
}

locals {
  events = {
    default = {}
    everything = {
      access_events = { glue = ["GetTable", "GetPartitions"], lakeformation = ["GetDataAccess"] }
      trail         = { bucket = "org-trail", prefix = "logs", topic_arn = "arn:aws:sns:eu-west-2:444455556666:trail-files", kms_key_arn = local.key }
      kms_key_arn   = local.key
    }
    trail_alone  = { event_routes = [], trail = { bucket = "own-trail", set_bucket_notification = true } }
    other_bucket = { event_routes = ["starts"], trail = { bucket = "their-trail", bucket_account_id = "444455556666" } }
  }
}

module "events" {
  source   = "../../../terraform/modules/events"
  for_each = local.events

  name          = "obs-${replace(each.key, "_", "-")}"
  event_routes  = try(each.value.event_routes, ["state_changes", "starts"])
  access_events = try(each.value.access_events, {})
  trail         = try(each.value.trail, null)
  kms_key_arn   = try(each.value.kms_key_arn, null)
}

locals {
  audits = {
    own   = {}
    keyed = { kms_key_arn = local.key }
    organisation = {
      existing_trail_bucket = { name = "org-trail", prefix = "logs", organization_id = "o-a1b2c3d4e5", kms_key_arn = local.key }
      account_ids           = ["444455556666", "111122223333"]
      regions               = ["eu-west-2", "eu-west-1"]
    }
  }
}

module "audit_trail" {
  source   = "../../../terraform/modules/audit-trail"
  for_each = local.audits

  name                  = "obs-${each.key}"
  existing_trail_bucket = try(each.value.existing_trail_bucket, null)
  account_ids           = try(each.value.account_ids, [])
  regions               = try(each.value.regions, [])
  kms_key_arn           = try(each.value.kms_key_arn, null)
}

module "history" {
  source   = "../../../terraform/modules/history"
  for_each = { plain = null, keyed = local.key }

  name             = "obs-${each.key}"
  kms_key_arn      = each.value
  cloudtrail       = each.value == null ? null : module.audit_trail["organisation"].cloudtrail
  writer_role_arns = each.value == null ? [] : ["arn:aws:iam::444455556666:role/other-task"]
}

module "athena_workgroups" {
  source = "../../../terraform/modules/athena-workgroups"

  results_bucket = "athena-query-dump"
  results_prefix = "results"
  workgroups = {
    "airflow-sales"    = { cutoff_bytes = 1099511627776 }
    "airflow-hr-pay"   = { cutoff_bytes = 10485760, folder = "hr/pay", component = "payroll", tags = { owner = "pay@example.org" } }
    "dbt"              = { cutoff_bytes = 1099511627776, results_bucket = "dbt-results", component = "dbt", enforce = false, kms_key_arn = local.key }
    "archive-disabled" = { cutoff_bytes = 10485760, is_enabled = false, publish_metrics = false, engine_version = "AUTO" }
  }
}

output "athena_workgroups" {
  description = "What the module tells of them."
  value = {
    task_policies = module.athena_workgroups.task_policies
    environment   = module.athena_workgroups.environment
  }
}

module "grafana_read_role" {
  source = "../../../terraform/modules/grafana-read-role"

  trusted_role_arns = ["arn:aws:iam::444455556666:role/grafana-workspace"]
  external_id       = "grafana-0123456789"
  workspace_arn     = local.workspace
  log_group_arns    = [for name in ["table-access", "queries"] : "arn:aws:logs:eu-west-2:123456789012:log-group:/athena-observability/${name}"]
  lake_formation    = true
  policies          = { history = module.history["keyed"].reader_policy_json }
  audit = {
    workgroup      = "obs-audit"
    database       = "obs_audit"
    trail_bucket   = "org-trail"
    trail_prefix   = "logs"
    results_bucket = "obs-audit-results"
    kms_key_arns   = [local.key]
  }
}

module "grafana_reads_metrics_alone" {
  source = "../../../terraform/modules/grafana-read-role"

  name              = "metrics-alone"
  trusted_role_arns = ["arn:aws:iam::444455556666:role/grafana-workspace"]
  external_id       = "grafana-0123456789"
  workspace_arn     = local.workspace
  cloudwatch        = false
}

output "whole_configuration" {
  description = "What the whole exporter is run with."
  value       = module.whole_exporter.configuration
}
