# The module grafana-workspace in two shapes, planned once: what tests/terraform/test_grafana_workspace.py reads.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.98, < 7"
    }
  }
}

provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
}

module "usual" {
  source = "../../../terraform/modules/grafana-workspace"

  read_role_arns        = ["arn:aws:iam::123456789012:role/athena-observability-grafana-read"]
  role_associations     = { ADMIN = { group_ids = ["0123"] }, VIEWER = { group_ids = ["4567"], user_ids = ["89ab"] } }
  alert_email_addresses = ["team@example.org"]
}

module "closed" {
  source = "../../../terraform/modules/grafana-workspace"

  name                     = "athena-closed"
  grafana_version          = "13.1"
  authentication_providers = ["SAML"]
  network_access           = { prefix_list_ids = ["pl-0123456789"] }
  vpc                      = { subnet_ids = ["subnet-01", "subnet-02"], security_group_ids = ["sg-01"] }
  create_topic             = false
  create_service_account   = false
  topic_arns               = ["arn:aws:sns:eu-west-2:123456789012:grafana-oncall"]
  kms_key_arn              = "arn:aws:kms:eu-west-2:123456789012:key/0123abcd"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"

  read_role_arns = [
    "arn:aws:iam::444455556666:role/athena-observability-grafana-read",
    "arn:aws:iam::777788889999:role/athena-observability-grafana-read",
  ]

  saml = {
    idp_metadata_url  = "https://idp.example.org/metadata"
    role_assertion    = "role"
    admin_role_values = ["admin"]
  }
}

output "usual" {
  value = module.usual
}

output "closed" {
  value = module.closed
}
