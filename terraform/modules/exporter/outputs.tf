output "cluster_name" {
  description = "The ECS cluster of the service."
  value       = local.cluster_name
}

output "service_name" {
  description = "The ECS service."
  value       = aws_ecs_service.this.name
}

output "task_role_arn" {
  description = "Who the exporter is: what other accounts' roles have to trust."
  value       = aws_iam_role.task.arn
}

output "task_role_name" {
  description = "Its name, for policies of your own."
  value       = aws_iam_role.task.name
}

output "task_policy_json" {
  description = "What the exporter may do, as an IAM policy: the same as `athena-exporter iam-policy` prints for the configuration."
  value       = data.aws_iam_policy_document.exporter.json
}

output "execution_role_arn" {
  description = "Who pulls the images, reads the secrets and writes the containers' log."
  value       = aws_iam_role.execution.arn
}

output "guard_role_arn" {
  description = "Who may stop queries; null where `guard_role` is."
  value       = local.guard_role_arn
}

output "configuration" {
  description = "The exporter's configuration as it is run with, in YAML."
  value       = local.configuration_yaml
}

output "agent_configuration" {
  description = "The agent's configuration as it is run with, in YAML."
  value       = local.agent_yaml
}

output "repository_url" {
  description = "Where to push the image; null where `create_repository` is false."
  value       = one(aws_ecr_repository.this[*].repository_url)
}

output "log_group_name" {
  description = "The log group of the containers."
  value       = aws_cloudwatch_log_group.this.name
}

output "security_group_id" {
  description = "The task's security group: nothing comes in."
  value       = aws_security_group.task.id
}

output "file_system_id" {
  description = "The file system of the ledger."
  value       = aws_efs_file_system.ledger.id
}

output "topic_arn" {
  description = "The topic of notifications; null where `create_topic` is false."
  value       = one(aws_sns_topic.notifications[*].arn)
}
