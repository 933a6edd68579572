# What the module plans. No credentials, no network: the real provider renders, and the one question that it would ask AWS is answered.

provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target          = aws_prometheus_workspace.this
  override_during = plan
  values = {
    id                  = "ws-0123abcd"
    arn                 = "arn:aws:aps:eu-west-2:111122223333:workspace/ws-0123abcd"
    prometheus_endpoint = "https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/ws-0123abcd/"
  }
}

run "keeps_samples_for_more_than_a_year" {
  command = plan

  assert {
    condition     = aws_prometheus_workspace_configuration.this.retention_period_in_days == 400
    error_message = "The retention is not 400 days."
  }

  assert {
    condition     = output.remote_write_url == "https://aps-workspaces.eu-west-2.amazonaws.com/workspaces/ws-0123abcd/api/v1/remote_write"
    error_message = "Samples are sent elsewhere."
  }

  assert {
    condition     = length(aws_cloudformation_stack.readers) == 0
    error_message = "Nobody was named, and somebody may read."
  }
}

run "lets_the_named_readers_query_and_no_more" {
  command = plan

  variables {
    reader_principal_arns = ["arn:aws:iam::444455556666:role/grafana"]
  }

  assert {
    condition = jsondecode(jsondecode(aws_cloudformation_stack.readers[0].template_body).Resources.Readers.Properties.PolicyDocument).Statement == [{
      Sid       = "QueryFromOtherAccounts"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::444455556666:role/grafana"] }
      Action    = ["aps:QueryMetrics", "aps:GetSeries", "aps:GetLabels", "aps:GetMetricMetadata"]
      Resource  = "arn:aws:aps:eu-west-2:111122223333:workspace/ws-0123abcd"
    }]
    error_message = "The readers may do something else."
  }
}
