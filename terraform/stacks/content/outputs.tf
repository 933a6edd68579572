output "folder_uid" {
  description = "The folder of dashboards and alert rules."
  value       = module.content.folder_uid
}

output "metrics_plugin" {
  description = "The plug-in of the metrics data source."
  value       = module.content.metrics_plugin
}

output "data_source_uids" {
  description = "The data sources that were made: what `python -m athena_dashboards.deploy health` asks."
  value       = module.content.data_source_uids
}

output "dashboard_paths" {
  description = "The dashboards' addresses below the Grafana's, by uid."
  value       = module.content.dashboard_paths
}

output "contact_points" {
  description = "Who is told by which contact point, by audience."
  value       = module.content.contact_points
}

output "notification_route" {
  description = "With routing = \"none\": the route that whoever owns the notification policies adds, as routing.json describes it."
  value       = module.content.notification_route
}
