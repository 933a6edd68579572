output "workspace_id" {
  description = "The workspace's id (ws-...)."
  value       = aws_prometheus_workspace.this.id
}

output "workspace_arn" {
  description = "The workspace's ARN: what the exporter may write to and Grafana may query."
  value       = aws_prometheus_workspace.this.arn
}

output "endpoint" {
  description = "The address of the workspace, with a slash at its end: the URL of Grafana's data source."
  value       = aws_prometheus_workspace.this.prometheus_endpoint
}

output "remote_write_url" {
  description = "Where samples are sent."
  value       = "${aws_prometheus_workspace.this.prometheus_endpoint}api/v1/remote_write"
}
