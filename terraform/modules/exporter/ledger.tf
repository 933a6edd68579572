# The ledger's disk: encrypted, reached only from the task, over TLS, as the user of the exporter's image.

resource "aws_efs_file_system" "ledger" {
  encrypted        = true
  kms_key_id       = var.efs_kms_key_arn
  throughput_mode  = var.efs_throughput_mode
  performance_mode = "generalPurpose"
  tags             = merge(var.tags, { Name = "${var.name}-ledger" })

  lifecycle {
    prevent_destroy = true # what was counted, and when, exists nowhere else (terraform/README.md, "Leave")
  }
}

resource "aws_efs_backup_policy" "ledger" {
  file_system_id = aws_efs_file_system.ledger.id

  backup_policy {
    status = var.efs_backup ? "ENABLED" : "DISABLED"
  }
}

resource "aws_efs_access_point" "ledger" {
  file_system_id = aws_efs_file_system.ledger.id
  tags           = merge(var.tags, { Name = "${var.name}-ledger" })

  posix_user {
    uid = 10001
    gid = 10001
  }

  root_directory {
    path = "/athena-exporter"

    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0750"
    }
  }
}

resource "aws_efs_mount_target" "ledger" {
  count = length(var.subnet_ids)

  file_system_id  = aws_efs_file_system.ledger.id
  subnet_id       = var.subnet_ids[count.index]
  security_groups = [aws_security_group.ledger.id]
}

resource "aws_efs_file_system_policy" "ledger" {
  file_system_id = aws_efs_file_system.ledger.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TheTaskAlone"
        Effect    = "Allow"
        Principal = { AWS = local.task_role_arn }
        Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        Resource  = aws_efs_file_system.ledger.arn
        Condition = {
          Bool         = { "elasticfilesystem:AccessedViaMountTarget" = "true" }
          StringEquals = { "elasticfilesystem:AccessPointArn" = aws_efs_access_point.ledger.arn }
        }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "*"
        Resource  = aws_efs_file_system.ledger.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  depends_on = [aws_iam_role.task] # EFS refuses a policy that names a role that isn't there
}

# Nothing comes in. What goes out goes to AWS and to webhooks (443), and to the ledger's disk.
resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "Athena Observability: the exporter's task; nothing comes in"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-task" })
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(var.egress_cidrs)

  security_group_id = aws_security_group.task.id
  description       = "AWS, and the webhooks of notifications"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = strcontains(each.value, ":") ? null : each.value
  cidr_ipv6         = strcontains(each.value, ":") ? each.value : null
}

resource "aws_vpc_security_group_egress_rule" "nfs" {
  security_group_id            = aws_security_group.task.id
  description                  = "The ledger's disk"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.ledger.id
}

resource "aws_security_group" "ledger" {
  name        = "${var.name}-ledger"
  description = "Athena Observability: the ledger's disk; the exporter's task alone comes in"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-ledger" })
}

resource "aws_vpc_security_group_ingress_rule" "nfs" {
  security_group_id            = aws_security_group.ledger.id
  description                  = "The exporter's task"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.task.id
}
