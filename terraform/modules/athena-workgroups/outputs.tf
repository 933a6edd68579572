output "workgroups" {
  description = "Each workgroup by name: its ARN, where its results go, its cutoff."
  value = {
    for name, one in aws_athena_workgroup.this : name => {
      arn              = one.arn
      results_location = local.locations[name].uri
      cutoff_bytes     = var.workgroups[name].cutoff_bytes
    }
  }
}

output "task_policies" {
  description = "By workgroup: what a task that queries through it has to be allowed, as an IAM policy for the task's role."
  value       = { for name, document in data.aws_iam_policy_document.task : name => document.json }
}

output "environment" {
  description = "By workgroup: the environment variables of its tasks (WR_WORKGROUP, which awswrangler reads)."
  value       = { for name in keys(var.workgroups) : name => { WR_WORKGROUP = name } }
}
