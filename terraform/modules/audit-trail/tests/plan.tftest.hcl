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

run "makes_a_trail_whose_files_can_be_proved" {
  command = plan

  assert {
    condition     = aws_cloudtrail.this[0].enable_log_file_validation && aws_cloudtrail.this[0].is_multi_region_trail
    error_message = "Files could be changed unseen, or a Region is missing."
  }

  assert {
    condition     = aws_athena_workgroup.audit.configuration[0].enforce_workgroup_configuration
    error_message = "A client could pass the limit by."
  }
}

run "reads_the_organisations_trail_by_account_region_and_day" {
  command = plan

  variables {
    existing_trail_bucket = { name = "org-trail", prefix = "logs", organization_id = "o-a1b2c3d4e5" }
    account_ids           = ["444455556666", "111122223333"]
    regions               = ["eu-west-2", "eu-west-1"]
  }

  assert {
    condition     = length(aws_cloudtrail.this) == 0 && length(aws_s3_bucket.trail) == 0
    error_message = "There is a trail already."
  }

  assert {
    condition     = aws_glue_catalog_table.cloudtrail_logs.parameters["storage.location.template"] == "s3://org-trail/logs/AWSLogs/o-a1b2c3d4e5/$${account}/CloudTrail/$${region}/$${day}"
    error_message = "The table looks for files elsewhere."
  }

  assert {
    condition     = aws_glue_catalog_table.cloudtrail_logs.parameters["projection.account.values"] == "111122223333,444455556666"
    error_message = "An account is missing."
  }
}
