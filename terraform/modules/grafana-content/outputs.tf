output "folder_uid" {
  description = "The folder of dashboards and alert rules."
  value       = grafana_folder.this.uid
}

output "metrics_plugin" {
  description = "The plug-in of the metrics data source."
  value       = local.metrics
}

output "data_source_uids" {
  description = "The data sources that were made: what `python -m athena_dashboards.deploy health` asks."
  value       = keys(grafana_data_source.this)
}

output "dashboard_paths" {
  description = "The dashboards' addresses below the Grafana's, by uid."
  value       = { for uid in keys(grafana_dashboard.this) : uid => "/d/${uid}" }
}

output "contact_points" {
  description = "Who is told by which contact point, by audience."
  value       = local.receivers
}

output "notification_route" {
  description = "With routing = \"none\": the route that whoever owns the notification policies adds, as routing.json describes it."
  value       = var.routing == "none" ? local.routes.policy : null
}
