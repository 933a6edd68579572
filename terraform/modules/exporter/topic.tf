# A topic for notifications, if wanted. Who subscribes, by e-mail say, is decided outside.

resource "aws_sns_topic" "notifications" {
  count = var.create_topic ? 1 : 0

  name              = local.topic_name
  kms_master_key_id = var.topic_kms_key_arn == null ? "alias/aws/sns" : var.topic_kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "notifications" {
  count = var.create_topic ? 1 : 0

  arn    = aws_sns_topic.notifications[0].arn
  policy = data.aws_iam_policy_document.topic.json

  depends_on = [aws_iam_role.task] # SNS refuses a policy that names a role that isn't there
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "TheTaskPublishes"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "AWS"
      identifiers = [local.task_role_arn]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

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
}
