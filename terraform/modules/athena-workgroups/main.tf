# Workgroups from one map: each with a limit for one query, a result prefix of its own, and an owner of its cost.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  folders = { for name, one in var.workgroups : name => coalesce(one.folder, trimprefix(name, "airflow-")) }
  prefixes = {
    for name, folder in local.folders : name => var.results_prefix == "" ? folder : "${var.results_prefix}/${folder}"
  }
  locations = {
    for name, one in var.workgroups : name => {
      bucket = coalesce(one.results_bucket, var.results_bucket)
      prefix = local.prefixes[name]
      uri    = "s3://${coalesce(one.results_bucket, var.results_bucket)}/${local.prefixes[name]}/"
    }
  }
  kms_keys = { for name, one in var.workgroups : name => one.kms_key_arn == null ? var.kms_key_arn : one.kms_key_arn }
}

resource "aws_athena_workgroup" "this" {
  for_each = var.workgroups

  name          = each.key
  description   = each.value.description
  state         = each.value.is_enabled ? "ENABLED" : "DISABLED"
  force_destroy = false # a workgroup with saved queries or a history is not thrown away by accident

  tags = merge(
    var.tags,
    { (var.component_tag) = coalesce(each.value.component, local.folders[each.key]) },
    each.value.tags,
  )

  configuration {
    bytes_scanned_cutoff_per_query     = each.value.cutoff_bytes
    enforce_workgroup_configuration    = each.value.enforce
    publish_cloudwatch_metrics_enabled = each.value.publish_metrics

    engine_version {
      selected_engine_version = coalesce(each.value.engine_version, var.engine_version)
    }

    result_configuration {
      output_location = local.locations[each.key].uri

      encryption_configuration {
        encryption_option = local.kms_keys[each.key] == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = local.kms_keys[each.key]
      }
    }
  }
}

# What a task needs to query through its workgroup and nothing else. The data itself is granted elsewhere: by Glue, S3
# or Lake Formation, as it was before.
data "aws_iam_policy_document" "task" {
  for_each = var.workgroups

  statement {
    sid = "QueryThroughItsWorkgroup"
    actions = [
      "athena:BatchGetQueryExecution",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetWorkGroup",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = ["arn:${local.partition}:athena:${local.region}:${local.account}:workgroup/${each.key}"]
  }

  statement {
    sid       = "ReadAndWriteItsResults"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["arn:${local.partition}:s3:::${local.locations[each.key].bucket}/${local.locations[each.key].prefix}/*"]
  }

  statement {
    sid       = "FindItsResults"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${local.locations[each.key].bucket}"]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.locations[each.key].prefix}/*"]
    }
  }

  statement {
    sid       = "LocateTheBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = ["arn:${local.partition}:s3:::${local.locations[each.key].bucket}"]
  }

  dynamic "statement" {
    for_each = compact([local.kms_keys[each.key]])

    content {
      sid       = "EncryptItsResults"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.amazonaws.com"]
      }
    }
  }
}
