# What Grafana reads this account with: one role for metrics, events and audit questions, assumed by the workspace's
# own role with an external id. It can write nothing but the results of its own audit questions.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  audits     = var.audit == null ? [] : [var.audit]
  audit_keys = flatten(local.audits[*].kms_key_arns)
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Athena Observability: what Grafana reads this account with"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.max_session_seconds
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "read" {
  name   = "read"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy" "more" {
  for_each = var.policies

  name   = each.key
  role   = aws_iam_role.this.name
  policy = each.value
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "GrafanaAlone"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = sort(var.trusted_role_arns)
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

data "aws_iam_policy_document" "read" {
  dynamic "statement" {
    for_each = compact([var.workspace_arn])

    content {
      sid       = "QueryMetrics"
      actions   = ["aps:GetLabels", "aps:GetMetricMetadata", "aps:GetSeries", "aps:QueryMetrics"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.cloudwatch ? [1] : []

    content {
      sid       = "ReadCloudWatch"
      actions   = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
      resources = ["*"] # these actions know no resources; the Region is all that they can be narrowed to

      condition {
        test     = "StringEquals"
        variable = "aws:RequestedRegion"
        values   = length(var.cloudwatch_regions) == 0 ? [local.region] : sort(var.cloudwatch_regions)
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.log_group_arns) == 0 ? [] : [1]

    content {
      sid       = "AskLogs"
      actions   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogGroupFields", "logs:StartQuery"]
      resources = flatten([for arn in sort(var.log_group_arns) : [arn, "${arn}:*"]])
    }
  }

  dynamic "statement" {
    for_each = length(var.log_group_arns) == 0 ? [] : [1]

    content {
      sid       = "ReadAnswersOfLogs"
      actions   = ["logs:GetQueryResults", "logs:StopQuery"]
      resources = ["*"] # these actions know no resources; an answer's id is known only to whoever asked

      condition {
        test     = "StringEquals"
        variable = "aws:RequestedRegion"
        values   = distinct([for arn in sort(var.log_group_arns) : split(":", arn)[3]])
      }
    }
  }

  dynamic "statement" {
    for_each = local.audits

    content {
      sid = "AskAuditQuestions"
      actions = [
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
        "athena:GetWorkGroup",
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
      ]
      resources = ["arn:${local.partition}:athena:${local.region}:${local.account}:workgroup/${statement.value.workgroup}"]
    }
  }

  dynamic "statement" {
    for_each = local.audits

    content {
      sid = "FindAuditTables"
      actions = [
        "athena:GetDataCatalog",
        "athena:GetDatabase",
        "athena:GetTableMetadata",
        "athena:ListDatabases",
        "athena:ListTableMetadata",
      ]
      resources = ["arn:${local.partition}:athena:${local.region}:${local.account}:datacatalog/AwsDataCatalog"]
    }
  }

  dynamic "statement" {
    for_each = local.audits

    content {
      sid     = "ReadAuditTables"
      actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
      resources = [
        "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
        "arn:${local.partition}:glue:${local.region}:${local.account}:database/${statement.value.database}",
        "arn:${local.partition}:glue:${local.region}:${local.account}:table/${statement.value.database}/*",
      ]
    }
  }

  dynamic "statement" {
    for_each = local.audits

    content {
      sid     = "ReadTrailFiles"
      actions = ["s3:GetObject"]
      resources = [
        "arn:${local.partition}:s3:::${statement.value.trail_bucket}/${statement.value.trail_prefix == "" ? "" : "${statement.value.trail_prefix}/"}AWSLogs/*",
      ]
    }
  }

  dynamic "statement" {
    for_each = local.audits

    content {
      sid       = "ReadAndWriteResults"
      actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      resources = ["arn:${local.partition}:s3:::${statement.value.results_bucket}/results/*"]
    }
  }

  dynamic "statement" {
    for_each = local.audits

    content {
      sid     = "FindFiles"
      actions = ["s3:GetBucketLocation", "s3:ListBucket"]
      resources = [
        "arn:${local.partition}:s3:::${statement.value.results_bucket}",
        "arn:${local.partition}:s3:::${statement.value.trail_bucket}",
      ]
    }
  }

  dynamic "statement" {
    for_each = length(local.audit_keys) == 0 ? [] : [1]

    content {
      sid       = "UseTheirKeys"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = sort(local.audit_keys)

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.lake_formation ? [1] : []

    content {
      sid       = "AskLakeFormation"
      actions   = ["lakeformation:GetDataAccess"]
      resources = ["*"] # the action knows no resources; Lake Formation's own grants decide

      condition {
        test     = "StringEquals"
        variable = "aws:RequestedRegion"
        values   = [local.region]
      }
    }
  }
}
