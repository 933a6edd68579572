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

run "finds_a_days_files_without_anybody_adding_partitions" {
  command = plan

  assert {
    condition     = aws_glue_catalog_table.history.parameters["storage.location.template"] == "s3://athena-observability-history-111122223333-eu-west-2/athena-history/v1/day=$${day}/"
    error_message = "The table looks for files elsewhere."
  }

  assert {
    condition     = aws_glue_catalog_table.history.parameters["projection.day.range"] == "2024-01-01,NOW"
    error_message = "Days are missing."
  }

  assert {
    condition     = aws_athena_workgroup.history.configuration[0].enforce_workgroup_configuration
    error_message = "A client could pass the limit by."
  }
}

run "writes_where_it_is_told_to_and_forgets_when" {
  command = plan

  variables {
    prefix         = "data/athena/"
    first_day      = "2026-02-28"
    retention_days = 90
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.history.rule[0].filter[0].prefix == "data/athena/" && aws_s3_bucket_lifecycle_configuration.history.rule[0].expiration[0].days == 90
    error_message = "The history is kept for another time."
  }

  assert {
    condition     = output.configuration.prefix == "data/athena/" && strcontains(aws_glue_catalog_table.history.parameters["storage.location.template"], "/data/athena/v1/")
    error_message = "The exporter writes elsewhere than the table reads."
  }
}
