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
  results_bucket = "athena-query-dump"
  workgroups = {
    "airflow-sales" = { cutoff_bytes = 1099511627776 }
    "dbt"           = { cutoff_bytes = 1099511627776, folder = "dbt/runs", component = "models" }
  }
}

run "gives_each_workgroup_a_limit_a_prefix_and_an_owner" {
  command = plan

  assert {
    condition     = alltrue([for one in aws_athena_workgroup.this : one.configuration[0].enforce_workgroup_configuration && one.configuration[0].publish_cloudwatch_metrics_enabled])
    error_message = "A workgroup can be passed by, or says nothing."
  }

  assert {
    condition     = output.workgroups["airflow-sales"].results_location == "s3://athena-query-dump/sales/" && output.workgroups["dbt"].results_location == "s3://athena-query-dump/dbt/runs/"
    error_message = "Results go elsewhere."
  }

  assert {
    condition     = aws_athena_workgroup.this["airflow-sales"].tags.component == "sales" && aws_athena_workgroup.this["dbt"].tags.component == "models"
    error_message = "Nobody owns the cost."
  }

  assert {
    condition     = output.environment["airflow-sales"] == { WR_WORKGROUP = "airflow-sales" }
    error_message = "awswrangler would query elsewhere."
  }
}

run "refuses_a_limit_that_athena_does_not_take" {
  command = plan

  variables {
    workgroups = { "dbt" = { cutoff_bytes = 9999999 } }
  }

  expect_failures = [var.workgroups]
}
