# What answers audit questions with Athena: a trail's files, a table over them whose partitions nobody has to add, and
# a workgroup that stops what would scan too much. Names are given here, so that every policy can be read in the plan.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  is_own       = var.existing_trail_bucket == null
  trail_name   = "${var.name}-trail"
  trail_arn    = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${local.trail_name}"
  trail_bucket = local.is_own ? "${var.name}-trail-${local.account}-${local.region}" : var.existing_trail_bucket.name
  trail_prefix = local.is_own ? "" : var.existing_trail_bucket.prefix

  results_bucket = "${var.name}-audit-${local.account}-${local.region}"
  kms_key_arns   = compact(distinct([var.kms_key_arn, try(var.existing_trail_bucket.kms_key_arn, null)]))

  # [PREFIX/]AWSLogs/[ORGANISATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/
  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
  folder = join("/", compact([
    "s3://${local.trail_bucket}", local.trail_prefix, "AWSLogs", try(var.existing_trail_bucket.organization_id, null),
  ]))
  accounts = length(var.account_ids) == 0 ? [local.account] : sort(var.account_ids)
  regions  = length(var.regions) == 0 ? [local.region] : sort(var.regions)
}

resource "aws_cloudtrail" "this" {
  count = local.is_own ? 1 : 0

  name                       = local.trail_name
  s3_bucket_name             = aws_s3_bucket.trail[0].id
  is_multi_region_trail      = var.is_multi_region
  enable_log_file_validation = true
  kms_key_id                 = var.kms_key_arn
  tags                       = var.tags

  depends_on = [aws_s3_bucket_policy.trail] # CloudTrail tries the bucket before it makes the trail
}

resource "aws_athena_workgroup" "audit" {
  name        = "${var.name}-audit"
  description = "Audit questions over CloudTrail, with a limit for each"
  tags        = var.tags

  configuration {
    bytes_scanned_cutoff_per_query     = var.cutoff_bytes
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${aws_s3_bucket.results.id}/results/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
