# Everything inside Grafana. Where it is and who asks come from the environment, so that neither is in the state:
# GRAFANA_URL, and GRAFANA_AUTH with a token or user:password. `python -m athena_dashboards.deploy apply` sets both.
provider "grafana" {}

module "content" {
  source = "../../modules/grafana-content"

  grafana_version           = var.grafana_version
  is_amazon_managed         = var.is_amazon_managed
  metrics_plugin            = var.metrics_plugin
  metrics                   = var.metrics
  cloudwatch                = var.cloudwatch
  athena                    = var.athena
  existing_data_source_uids = var.existing_data_source_uids
  folder                    = var.folder
  dashboards_dir            = var.dashboards_dir
  more_dashboards_dir       = var.more_dashboards_dir
  rules_file                = var.rules_file
  routing_file              = var.routing_file
  alert_rules               = var.alert_rules
  runbook_url               = var.runbook_url
  routing                   = var.routing
  contact_points            = var.contact_points
  contact_point_secrets     = var.contact_point_secrets
  allow_secret_in_state     = var.allow_secret_in_state
  existing_contact_points   = var.existing_contact_points
  ui_editable               = var.ui_editable
}
