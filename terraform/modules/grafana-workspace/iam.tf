data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "OnlyWorkspacesOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["grafana.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    # A pattern: the workspace's id comes into being after the role that the workspace needs.
    condition {
      test     = "StringLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:grafana:${local.region}:${local.account_id}:/workspaces/*"]
    }
  }
}

resource "aws_iam_role" "workspace" {
  name                 = "${var.name}-grafana"
  description          = "What the Grafana workspace ${var.name} may do: assume the read roles, publish alerts"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "workspace" {
  statement {
    sid       = "AssumeTheReadRoles"
    actions   = ["sts:AssumeRole"]
    resources = var.read_role_arns
  }

  dynamic "statement" {
    for_each = length(local.topic_arns) > 0 ? [local.topic_arns] : []

    content {
      sid       = "PublishAlerts"
      actions   = ["sns:Publish"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "EncryptAlerts"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["sns.${local.region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role_policy" "workspace" {
  name   = "grafana"
  role   = aws_iam_role.workspace.id
  policy = data.aws_iam_policy_document.workspace.json
}

# For whoever runs `python -m athena_dashboards.deploy`: a CI's role, a person's.
data "aws_iam_policy_document" "deploy" {
  statement {
    sid = "MakeShortLivedTokens"
    actions = [
      "grafana:CreateWorkspaceServiceAccountToken",
      "grafana:DeleteWorkspaceServiceAccountToken",
      "grafana:DescribeWorkspace",
      "grafana:ListWorkspaceServiceAccounts",
    ]
    resources = ["arn:${local.partition}:grafana:${local.region}:${local.account_id}:/workspaces/${aws_grafana_workspace.this.id}"]
  }
}
