# One bucket: the history, kept for as long as is said, and the results of questions, gone in days. Nobody's but the
# account's and the named writers', encrypted, over TLS only.

resource "aws_s3_bucket" "history" {
  #checkov:skip=CKV_AWS_21:files are replaced by their compaction and hold names of people, so that no old version is kept
  bucket = local.bucket
  tags   = var.tags

  lifecycle {
    prevent_destroy = true # Athena itself forgets after 45 days (terraform/README.md, "Leave")
  }
}

resource "aws_s3_bucket_ownership_controls" "history" {
  bucket = aws_s3_bucket.history.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "history" {
  bucket                  = aws_s3_bucket.history.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "history" {
  bucket = aws_s3_bucket.history.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "history" {
  bucket = aws_s3_bucket.history.id

  rule {
    id     = "history"
    status = "Enabled"

    filter {
      prefix = var.prefix
    }

    expiration {
      days = var.retention_days
    }
  }

  rule {
    id     = "results"
    status = "Enabled"

    filter {
      prefix = local.results
    }

    expiration {
      days = var.results_retention_days
    }
  }

  rule {
    id     = "unfinished"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "history" {
  bucket = aws_s3_bucket.history.id
  policy = data.aws_iam_policy_document.bucket.json
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = length(var.writer_role_arns) == 0 ? [] : [1]

    content {
      sid       = "OtherExportersWrite"
      actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${local.bucket_arn}/${var.prefix}*"]

      principals {
        type        = "AWS"
        identifiers = sort(var.writer_role_arns)
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.writer_role_arns) == 0 ? [] : [1]

    content {
      sid       = "OtherExportersList"
      actions   = ["s3:ListBucket"]
      resources = [local.bucket_arn]

      principals {
        type        = "AWS"
        identifiers = sort(var.writer_role_arns)
      }

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${var.prefix}*"]
      }
    }
  }
}
