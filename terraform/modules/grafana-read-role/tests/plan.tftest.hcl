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

variables {
  trusted_role_arns = ["arn:aws:iam::444455556666:role/grafana-workspace"]
  external_id       = "athena-observability-7c1f"
  workspace_arn     = "arn:aws:aps:eu-west-2:111122223333:workspace/ws-0123abcd"
}

run "trusts_the_workspaces_role_with_the_external_id" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Sid       = "GrafanaAlone"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::444455556666:role/grafana-workspace" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = "athena-observability-7c1f" } }
    }]
    error_message = "Somebody else is trusted."
  }
}

run "refuses_to_trust_an_account" {
  command = plan

  variables {
    trusted_role_arns = ["arn:aws:iam::444455556666:root"]
  }

  expect_failures = [var.trusted_role_arns]
}
