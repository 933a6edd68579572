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

run "sends_states_and_starts_to_one_encrypted_queue" {
  command = plan

  assert {
    condition     = keys(aws_cloudwatch_event_rule.this) == ["query-starts", "query-states"]
    error_message = "There are other rules."
  }

  assert {
    condition     = aws_sqs_queue.events[0].sqs_managed_sse_enabled && aws_sqs_queue.dead.sqs_managed_sse_enabled
    error_message = "A queue is not encrypted."
  }

  assert {
    condition     = output.queue_url == "https://sqs.eu-west-2.amazonaws.com/111122223333/athena-observability-events"
    error_message = "The exporter would read another queue."
  }
}

run "asks_for_read_events_by_the_special_state" {
  command = plan

  variables {
    access_events = { glue = ["GetTable"] }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this["glue-reads"].state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    error_message = "CloudTrail's read-only events would never come."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["glue-reads"].event_pattern).detail.userIdentity.invokedBy == ["athena.amazonaws.com"]
    error_message = "Crawlers and consoles would fill the queue."
  }
}
