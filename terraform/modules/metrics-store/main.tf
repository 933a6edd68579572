# An Amazon Managed Prometheus workspace. Its alert manager stays off: Grafana evaluates and routes the alert rules.

resource "aws_prometheus_workspace" "this" {
  alias       = var.name
  kms_key_arn = var.kms_key_arn
  tags        = var.tags

  dynamic "logging_configuration" {
    for_each = aws_cloudwatch_log_group.this

    content {
      log_group_arn = "${logging_configuration.value.arn}:*"
    }
  }

  lifecycle {
    prevent_destroy = true # metrics are kept for more than a year and exist nowhere else (terraform/README.md, "Leave")
  }
}

resource "aws_prometheus_workspace_configuration" "this" {
  workspace_id             = aws_prometheus_workspace.this.id
  retention_period_in_days = var.retention_days
}

# A name under /aws/vendedlogs/ needs no room in the account's resource policy for log delivery, which is limited.
resource "aws_cloudwatch_log_group" "this" {
  count = var.log_retention_days == null ? 0 : 1

  name              = "/aws/vendedlogs/prometheus/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# The provider has a resource for this from its version 6 on; CloudFormation has one in every version.
resource "aws_cloudformation_stack" "readers" {
  count = length(var.reader_principal_arns) == 0 ? 0 : 1

  name = "${var.name}-metrics-readers"
  tags = var.tags

  template_body = jsonencode({
    Description = "Who may query the workspace ${var.name} from other accounts"
    Resources = {
      Readers = {
        Type = "AWS::APS::ResourcePolicy"
        Properties = {
          WorkspaceArn = aws_prometheus_workspace.this.arn
          PolicyDocument = jsonencode({
            Version = "2012-10-17"
            Statement = [{
              Sid       = "QueryFromOtherAccounts"
              Effect    = "Allow"
              Principal = { AWS = sort(var.reader_principal_arns) }
              Action    = ["aps:QueryMetrics", "aps:GetSeries", "aps:GetLabels", "aps:GetMetricMetadata"]
              Resource  = aws_prometheus_workspace.this.arn
            }]
          })
        }
      }
    }
  })
}
