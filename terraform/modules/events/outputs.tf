output "queue_arn" {
  description = "The queue that EventBridge feeds; null without a route."
  value       = local.has_events ? local.queue_arns[local.events_name] : null
}

output "queue_url" {
  description = "The address of that queue, for configuration.sources.eventbridge.queue_url of the module exporter; null without a route."
  value       = local.has_events ? local.queue_urls[local.events_name] : null
}

output "trail_queue_arn" {
  description = "The queue that announces files of the trail; null where `trail` is."
  value       = local.has_trail ? local.queue_arns[local.trail_name] : null
}

output "trail_queue_url" {
  description = "The address of that queue; null where `trail` is."
  value       = local.has_trail ? local.queue_urls[local.trail_name] : null
}

output "dead_letter_queue_arn" {
  description = "Where messages end that nobody could read."
  value       = local.queue_arns[local.dead_name]
}

output "dead_letter_queue_name" {
  description = "Its name, for an alarm on ApproximateNumberOfMessagesVisible."
  value       = local.dead_name
}

output "consumer_policy_json" {
  description = "What a reader of the queues has to be allowed, as an IAM policy; it has the key of the queues, too, for `task_policies` of the module exporter."
  value       = data.aws_iam_policy_document.consumer.json
}
