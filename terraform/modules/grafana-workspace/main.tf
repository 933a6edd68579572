data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  topic_name = "grafana-${var.name}"
  topic_arn  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${local.topic_name}"
  topic_arns = concat(var.create_topic ? [local.topic_arn] : [], var.topic_arns)
}

resource "aws_grafana_workspace" "this" {
  name                      = var.name
  description               = coalesce(var.description, "Dashboards and alerts of Amazon Athena (${var.name})")
  account_access_type       = "CURRENT_ACCOUNT"
  permission_type           = "CUSTOMER_MANAGED"
  role_arn                  = aws_iam_role.workspace.arn
  authentication_providers  = var.authentication_providers
  data_sources              = ["ATHENA", "CLOUDWATCH", "PROMETHEUS"]
  notification_destinations = ["SNS"]
  grafana_version           = var.grafana_version

  # Both keys, always: with one of them left out, every plan finds a difference (hashicorp/terraform-provider-aws#34417).
  configuration = jsonencode({
    plugins         = { pluginAdminEnabled = true }
    unifiedAlerting = { enabled = true }
  })

  dynamic "network_access_control" {
    for_each = var.network_access == null ? [] : [var.network_access]

    content {
      prefix_list_ids = network_access_control.value.prefix_list_ids
      vpce_ids        = network_access_control.value.vpce_ids
    }
  }

  dynamic "vpc_configuration" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      subnet_ids         = vpc_configuration.value.subnet_ids
      security_group_ids = vpc_configuration.value.security_group_ids
    }
  }

  tags = var.tags
}

resource "aws_grafana_workspace_saml_configuration" "this" {
  count = var.saml == null ? 0 : 1

  workspace_id            = aws_grafana_workspace.this.id
  idp_metadata_url        = var.saml.idp_metadata_url
  idp_metadata_xml        = var.saml.idp_metadata_xml
  role_assertion          = var.saml.role_assertion
  admin_role_values       = var.saml.admin_role_values
  editor_role_values      = length(var.saml.editor_role_values) > 0 ? var.saml.editor_role_values : ["-"] # the provider wants one
  groups_assertion        = var.saml.groups_assertion
  name_assertion          = var.saml.name_assertion
  login_assertion         = var.saml.login_assertion
  email_assertion         = var.saml.email_assertion
  login_validity_duration = var.saml.login_valid_minutes
  allowed_organizations   = var.saml.allowed_organisations
}

resource "aws_grafana_role_association" "this" {
  for_each = var.role_associations

  workspace_id = aws_grafana_workspace.this.id
  role         = each.key
  user_ids     = each.value.user_ids
  group_ids    = each.value.group_ids
}

# No token: it would be in the state, and outlive its use. `python -m athena_dashboards.deploy` makes short-lived ones.
resource "aws_grafana_workspace_service_account" "deploy" {
  count = var.create_service_account ? 1 : 0

  workspace_id = aws_grafana_workspace.this.id
  name         = "${var.name}-deploy"
  grafana_role = "ADMIN"
}
