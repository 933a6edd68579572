# Amazon Managed Grafana itself: the workspace, who signs in, its role, the topic of alerts. What is in it: ../content.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

module "workspace" {
  source = "../../modules/grafana-workspace"

  name                     = var.name
  description              = var.description
  grafana_version          = var.grafana_version
  authentication_providers = var.authentication_providers
  saml                     = var.saml
  role_associations        = var.role_associations
  network_access           = var.network_access
  vpc                      = var.vpc
  read_role_arns           = var.read_role_arns
  create_topic             = var.create_topic
  alert_email_addresses    = var.alert_email_addresses
  topic_arns               = var.topic_arns
  kms_key_arn              = var.kms_key_arn
  create_service_account   = var.create_service_account
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}
