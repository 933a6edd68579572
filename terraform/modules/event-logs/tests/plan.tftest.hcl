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

run "keeps_events_for_400_days_and_leaves_them_when_destroyed" {
  command = plan

  assert {
    condition     = alltrue([for one in aws_cloudwatch_log_group.this : one.retention_in_days == 400 && one.skip_destroy])
    error_message = "A group forgets sooner, or goes with the stack."
  }

  assert {
    condition     = output.kms_key_arn == null && length(aws_kms_key.this) == 0
    error_message = "A key was made that nobody asked for."
  }
}

run "makes_a_key_that_turns_over" {
  command = plan

  variables {
    create_kms_key = true
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation
    error_message = "The key stays the same for ever."
  }
}
