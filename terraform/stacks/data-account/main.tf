# The account whose queries are watched: the exporter, its metrics, events and history, the trail as a table, the role for
# Grafana.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

locals {
  events = {
    enabled            = true
    table_access_group = module.event_logs.table_access_group
    queries_group      = module.event_logs.queries_group
    create_groups      = false
  }

  # A queue that is made is read, a history that is made is written; what the configuration says of them goes before.
  sources = [for one in module.events : {
    sources = merge(try(var.configuration.sources, {}), {
      eventbridge = merge({ enabled = true, queue_url = one.queue_url }, try(var.configuration.sources.eventbridge, {}))
    })
  }]
  histories = [for one in module.history : { history = merge(one.configuration, try(var.configuration.history, {})) }]
  configuration = merge(
    var.configuration,
    { events = merge(local.events, try(var.configuration.events, {})) },
    concat(local.sources, local.histories)...
  )
}

module "metrics_store" {
  source = "../../modules/metrics-store"

  name           = var.name
  retention_days = var.retention_days
  tags           = var.tags
}

module "event_logs" {
  source = "../../modules/event-logs"

  retention_days = var.retention_days
  tags           = var.tags
}

module "audit_trail" {
  source = "../../modules/audit-trail"
  count  = var.audit == null ? 0 : 1

  name                  = var.name
  existing_trail_bucket = var.audit.existing_trail_bucket
  account_ids           = var.audit.account_ids
  regions               = var.audit.regions
  first_day             = var.audit.first_day
  cutoff_bytes          = var.audit.cutoff_bytes
  tags                  = var.tags
}

module "history" {
  source = "../../modules/history"
  count  = var.history == null ? 0 : 1

  name           = var.name
  prefix         = var.history.prefix
  retention_days = coalesce(var.history.retention_days, var.retention_days)
  first_day      = var.history.first_day
  cutoff_bytes   = var.history.cutoff_bytes
  cloudtrail     = one(module.audit_trail[*].cloudtrail)
  tags           = var.tags
}

module "events" {
  source = "../../modules/events"
  count  = var.event_queue == null ? 0 : 1

  name          = var.name
  event_routes  = var.event_queue.event_routes
  access_events = var.event_queue.access_events
  tags          = var.tags
}

module "workgroups" {
  source = "../../modules/athena-workgroups"
  count  = length(var.workgroups) > 0 ? 1 : 0

  workgroups     = var.workgroups
  results_bucket = var.workgroup_results.bucket
  results_prefix = var.workgroup_results.prefix
  tags           = var.tags
}

module "exporter" {
  source = "../../modules/exporter"

  name              = var.name
  vpc_id            = var.network.vpc_id
  subnet_ids        = var.network.subnet_ids
  assign_public_ip  = var.network.assign_public_ip
  egress_cidrs      = var.network.egress_cidrs
  create_repository = var.image == null
  image             = var.image
  image_tag         = var.image_tag
  configuration     = local.configuration
  files             = var.files
  secrets           = var.secrets
  scrape_seconds    = var.scrape_seconds
  task_policies     = { for number, one in module.events : "queues-${number}" => one.consumer_policy_json }
  tags              = var.tags

  metrics_store = {
    workspace_arn    = module.metrics_store.workspace_arn
    remote_write_url = module.metrics_store.remote_write_url
  }
}

module "grafana_read_role" {
  source = "../../modules/grafana-read-role"
  count  = var.grafana_role_arn == null ? 0 : 1

  name              = "${var.name}-grafana-read"
  trusted_role_arns = [var.grafana_role_arn]
  external_id       = var.external_id
  workspace_arn     = module.metrics_store.workspace_arn
  log_group_arns    = module.event_logs.log_group_arns
  audit             = one(module.audit_trail[*].audit)
  policies          = { for number, one in module.history : "history-${number}" => one.reader_policy_json }
  tags              = var.tags
}
