# Who pulls and starts the containers, who the exporter is, and who may stop queries: three roles.

locals {
  task_role_arn  = "arn:${local.partition}:iam::${local.account}:role/${local.task_role}"
  task_role      = "${var.name}-task"
  execution_role = "${var.name}-execution"
  guard_role_arn = local.is_guarding ? local.guard_arn : null

  # The repositories of Elastic Container Registry that the images lie in; other registries need no permission of AWS.
  ecr_images = [for image in [local.image, var.agent_image] : image if can(regex("^\\d{12}\\.dkr\\.ecr\\.", image))]
  ecr_parts  = [for image in local.ecr_images : regex("^(?P<account>\\d{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.[a-z.]+/(?P<name>[^:@]+)", image)]
  ecr_arns   = distinct([for one in local.ecr_parts : "arn:${local.partition}:ecr:${one.region}:${one.account}:repository/${one.name}"])

  # A secret's ARN may go on with a JSON key and a version, which IAM doesn't know.
  secret_arns    = distinct([for arn in values(var.secrets) : join(":", slice(split(":", arn), 0, 7)) if split(":", arn)[2] == "secretsmanager"])
  parameter_arns = distinct([for arn in values(var.secrets) : arn if split(":", arn)[2] == "ssm"])
}

data "aws_iam_policy_document" "ecs_trust" {
  statement {
    sid     = "TasksOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name                 = local.execution_role
  description          = "Athena Observability: pulls the images, reads the secrets, writes the containers' log"
  assume_role_policy   = data.aws_iam_policy_document.ecs_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "WriteContainerLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group}:log-stream:*"]
  }

  dynamic "statement" {
    for_each = length(local.ecr_arns) == 0 ? [] : [1]

    content {
      sid       = "LogInToRegistry"
      actions   = ["ecr:GetAuthorizationToken"]
      resources = ["*"] # the action knows no resources
    }
  }

  dynamic "statement" {
    for_each = length(local.ecr_arns) == 0 ? [] : [1]

    content {
      sid       = "PullImages"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = local.ecr_arns
    }
  }

  dynamic "statement" {
    for_each = length(local.secret_arns) == 0 ? [] : [1]

    content {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = local.secret_arns
    }
  }

  dynamic "statement" {
    for_each = length(local.parameter_arns) == 0 ? [] : [1]

    content {
      sid       = "ReadParameters"
      actions   = ["ssm:GetParameters"]
      resources = local.parameter_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.secrets_kms_key_arns) == 0 ? [] : [1]

    content {
      sid       = "DecryptSecrets"
      actions   = ["kms:Decrypt"]
      resources = var.secrets_kms_key_arns

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${local.region}.amazonaws.com", "ssm.${local.region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role" "task" {
  name                 = local.task_role
  description          = "Athena Observability: the exporter, and the agent beside it"
  assume_role_policy   = data.aws_iam_policy_document.ecs_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "exporter" {
  name   = "exporter"
  role   = aws_iam_role.task.name
  policy = data.aws_iam_policy_document.exporter.json
}

resource "aws_iam_role_policy" "remote_write" {
  name   = "remote-write"
  role   = aws_iam_role.task.name
  policy = data.aws_iam_policy_document.remote_write.json
}

data "aws_iam_policy_document" "remote_write" {
  statement {
    sid       = "SendMetrics"
    actions   = ["aps:RemoteWrite"]
    resources = [var.metrics_store.workspace_arn]
  }
}

resource "aws_iam_role_policy" "more" {
  for_each = var.task_policies

  name   = each.key
  role   = aws_iam_role.task.name
  policy = each.value
}

resource "aws_iam_role" "guard" {
  count = local.is_guarding ? 1 : 0

  name                 = "${var.name}-guard"
  description          = "Athena Observability: may stop queries; the exporter assumes it to act as the guard"
  assume_role_policy   = data.aws_iam_policy_document.guard_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  depends_on = [aws_iam_role.task] # IAM refuses a trust policy that names a role that isn't there

  lifecycle {
    precondition {
      condition     = length(local.guard_regions) > 0
      error_message = "guard_role is for queries of this account, but every target of configuration.targets is read through a role of another account: set guard_role = null, and configuration.guard.role_arn to a role there."
    }
  }
}

resource "aws_iam_role_policy" "guard" {
  count = local.is_guarding ? 1 : 0

  name   = "guard"
  role   = aws_iam_role.guard[0].name
  policy = data.aws_iam_policy_document.guard[0].json
}

data "aws_iam_policy_document" "guard_trust" {
  count = local.is_guarding ? 1 : 0

  statement {
    sid     = "TheExporterAlone"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [local.task_role_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.guard_role.external_id]
    }
  }
}

data "aws_iam_policy_document" "guard" {
  count = local.is_guarding ? 1 : 0

  statement {
    sid     = "StopQueries"
    actions = ["athena:GetQueryExecution", "athena:StopQueryExecution"]
    resources = flatten([
      for region in local.guard_regions : [
        for workgroup in var.guard_role.workgroups : "arn:${local.partition}:athena:${region}:${local.account}:workgroup/${workgroup}"
      ]
    ])
  }
}
