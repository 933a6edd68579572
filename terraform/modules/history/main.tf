# The history of queries: Parquet on S3 that the exporter writes, tables and views over it, and a workgroup that asks
# it and stops what would scan too much. Names are given here, so that every policy can be read in the plan.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  bucket     = "${var.name}-history-${local.account}-${local.region}"
  bucket_arn = "arn:${local.partition}:s3:::${local.bucket}"
  database   = replace("${var.name}-history", "-", "_")
  workgroup  = "${var.name}-history"
  results    = "results/" # of the workgroup; validated to be another than the prefix of the history
}

resource "aws_athena_workgroup" "history" {
  name        = local.workgroup
  description = "Questions to the history of queries, with a limit for each"
  tags        = var.tags

  configuration {
    bytes_scanned_cutoff_per_query     = var.cutoff_bytes
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    engine_version {
      selected_engine_version = "Athena engine version 3" # the first that reuses results
    }

    result_configuration {
      output_location       = "s3://${aws_s3_bucket.history.id}/${local.results}"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
