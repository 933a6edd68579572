# Two accounts: the exporter beside the queries, Grafana where all observability is. One run makes both; people who keep
# two states take ../../stacks/data-account and ../../stacks/grafana-workspace. Then the content, from ../../stacks/content:
#
#   terraform apply
#   terraform output -json content > ../../stacks/content/cross-account.auto.tfvars.json
#   python -m athena_dashboards.deploy apply --workspace "$(terraform output -raw workspace_id)"
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.data_account.id]

  assume_role {
    role_arn = var.data_account.role_arn
  }
}

provider "aws" {
  alias               = "observability"
  region              = var.region
  allowed_account_ids = [var.observability_account.id]

  assume_role {
    role_arn = var.observability_account.role_arn
  }
}

data "aws_partition" "current" {}

locals {
  name      = "athena-observability"
  read_role = "${local.name}-grafana-read"
  tags      = { component = "athena-observability" }
}

module "metrics_store" {
  source = "../../modules/metrics-store"
  tags   = local.tags
}

module "event_logs" {
  source = "../../modules/event-logs"
  tags   = local.tags
}

module "audit_trail" {
  source = "../../modules/audit-trail"

  existing_trail_bucket = var.trail_bucket
  account_ids           = [var.data_account.id]
  regions               = [var.region]
  tags                  = local.tags
}

module "history" {
  source = "../../modules/history"

  cloudtrail = module.audit_trail.cloudtrail
  tags       = local.tags
}

module "exporter" {
  source = "../../modules/exporter"

  vpc_id     = var.vpc_id
  subnet_ids = var.subnet_ids
  image      = var.image
  tags       = local.tags

  metrics_store = {
    workspace_arn    = module.metrics_store.workspace_arn
    remote_write_url = module.metrics_store.remote_write_url
  }

  configuration = {
    history = module.history.configuration
    events = {
      enabled            = true
      table_access_group = module.event_logs.table_access_group
      queries_group      = module.event_logs.queries_group
      create_groups      = false
    }
  }
}

# In the other account. The role's name is known before the role is there: the workspace may assume it, and it trusts the
# workspace.
module "grafana_workspace" {
  source    = "../../modules/grafana-workspace"
  providers = { aws = aws.observability }

  read_role_arns        = ["arn:${data.aws_partition.current.partition}:iam::${var.data_account.id}:role/${local.read_role}"]
  role_associations     = { ADMIN = { group_ids = var.admin_group_ids } }
  alert_email_addresses = var.alert_email_addresses
  tags                  = local.tags
}

module "grafana_read_role" {
  source = "../../modules/grafana-read-role"

  name              = local.read_role
  trusted_role_arns = [module.grafana_workspace.role_arn]
  external_id       = var.external_id
  workspace_arn     = module.metrics_store.workspace_arn
  log_group_arns    = module.event_logs.log_group_arns
  audit             = module.audit_trail.audit
  policies          = { history = module.history.reader_policy_json }
  tags              = local.tags
}
