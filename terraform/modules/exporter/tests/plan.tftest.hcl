# What the module plans. No credentials, no network: the real provider renders, and the one question that it would ask AWS is answered.

provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_resource {
  target          = aws_efs_file_system.ledger
  override_during = plan
  values          = { id = "fs-0123abcd", arn = "arn:aws:elasticfilesystem:eu-west-2:111122223333:file-system/fs-0123abcd" }
}

override_resource {
  target          = aws_efs_access_point.ledger
  override_during = plan
  values          = { id = "fsap-0123abcd", arn = "arn:aws:elasticfilesystem:eu-west-2:111122223333:access-point/fsap-0123abcd" }
}

variables {
  image      = "registry.example/athena-exporter:1.0.0"
  vpc_id     = "vpc-0123456789abcdef0"
  subnet_ids = ["subnet-0123456789abcdef0"]
  metrics_store = {
    workspace_arn    = "arn:aws:aps:eu-west-2:111122223333:workspace/ws-0123abcd"
    remote_write_url = "https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/ws-0123abcd/api/v1/remote_write"
  }
}

run "never_runs_two" {
  command = plan

  assert {
    condition     = aws_ecs_service.this.desired_count == 1 && aws_ecs_service.this.deployment_maximum_percent == 100 && aws_ecs_service.this.deployment_minimum_healthy_percent == 0
    error_message = "Two exporters would share one ledger."
  }

  # The ids of the disk are known only after apply; here they are made up, so that its policy can be read.
  assert {
    condition = jsondecode(aws_efs_file_system_policy.ledger.policy).Statement == [
      {
        Sid       = "TheTaskAlone"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111122223333:role/athena-observability-task" }
        Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        Resource  = "arn:aws:elasticfilesystem:eu-west-2:111122223333:file-system/fs-0123abcd"
        Condition = {
          Bool         = { "elasticfilesystem:AccessedViaMountTarget" = "true" }
          StringEquals = { "elasticfilesystem:AccessPointArn" = "arn:aws:elasticfilesystem:eu-west-2:111122223333:access-point/fsap-0123abcd" }
        }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "*"
        Resource  = "arn:aws:elasticfilesystem:eu-west-2:111122223333:file-system/fs-0123abcd"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
    error_message = "The ledger's disk lets in somebody else, or without TLS."
  }
}

run "refuses_a_guard_that_could_guard_nothing" {
  command = plan

  variables {
    configuration = { targets = [{ region = "eu-west-2", role_arn = "arn:aws:iam::444455556666:role/athena-reader" }] }
    guard_role    = { external_id = "athena-observability-7c1f" }
  }

  expect_failures = [aws_iam_role.guard]
}

run "refuses_more_configuration_than_a_task_definition_holds" {
  command = plan

  variables {
    files = { "budgets.yml" = join("", [for number in range(1000) : "# a long line of a file, and it says nothing at all, again and again\n"]) }
  }

  expect_failures = [aws_ecs_task_definition.this]
}
