variable "region" {
  type        = string
  description = "The Region of the workspace."

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-\\d$", var.region))
    error_message = "region has to be the name of a Region, such as eu-west-1."
  }
}

variable "account_id" {
  type        = string
  description = "The account that this is meant for: with credentials of another one, nothing is planned."

  validation {
    condition     = can(regex("^\\d{12}$", var.account_id))
    error_message = "account_id has to have twelve digits, in quotes so that zeros at the beginning stay."
  }
}

variable "name" {
  type        = string
  description = "The workspace's name, and the beginning of the names beside it."
  default     = "athena-observability"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name has to begin with a lower-case letter and to have 2 to 41 lower-case letters, digits and hyphens, such as \"athena-observability\"."
  }
}

variable "description" {
  type        = string
  description = "What the workspace is for. Two workspaces of an account need two descriptions: AWS takes the second for a repeated request. null: made from the name."
  default     = null

  validation {
    condition     = length(coalesce(var.description, "-")) <= 2048
    error_message = "description has to have at most 2048 characters."
  }
}

variable "grafana_version" {
  type        = string
  description = "Grafana's version. Updates go one way; `aws grafana list-versions` says what there is."
  default     = "12.4"

  validation {
    condition     = can(regex("^(10\\.4|12\\.4|13\\.\\d+)$", var.grafana_version))
    error_message = "grafana_version has to be 10.4, 12.4 or 13.x: the dashboards need 10.4, and Amazon Managed Grafana offers no other (`aws grafana list-versions`)."
  }
}

variable "authentication_providers" {
  type        = set(string)
  description = "How people sign in: AWS_SSO (IAM Identity Center, which the organisation must have), SAML, or both."
  default     = ["AWS_SSO"]

  validation {
    condition     = length(var.authentication_providers) > 0 && length(setsubtract(var.authentication_providers, ["AWS_SSO", "SAML"])) == 0
    error_message = "authentication_providers has to hold AWS_SSO, SAML or both; without one nobody could sign in."
  }

  validation {
    condition     = contains(var.authentication_providers, "SAML") == (var.saml != null)
    error_message = "authentication_providers and saml belong together: set saml where SAML is named, and leave it out elsewhere."
  }
}

variable "saml" {
  type = object({
    idp_metadata_url      = optional(string)
    idp_metadata_xml      = optional(string)
    role_assertion        = string
    admin_role_values     = list(string)
    editor_role_values    = optional(list(string), [])
    groups_assertion      = optional(string)
    name_assertion        = optional(string, "displayName")
    login_assertion       = optional(string, "mail")
    email_assertion       = optional(string, "mail")
    login_valid_minutes   = optional(number, 480)
    allowed_organisations = optional(list(string), [])
  })
  description = "The identity provider, if SAML is one: its metadata, and which value of which assertion makes an administrator or an editor. Everybody else is a viewer."
  default     = null

  validation {
    condition     = var.saml == null || (try(var.saml.idp_metadata_url, null) == null) != (try(var.saml.idp_metadata_xml, null) == null)
    error_message = "saml needs either idp_metadata_url or idp_metadata_xml: one of the two."
  }

  validation {
    condition     = try(length(var.saml.admin_role_values) > 0, true)
    error_message = "saml.admin_role_values is empty: nobody could administer the workspace."
  }
}

variable "role_associations" {
  type = map(object({
    user_ids  = optional(list(string), [])
    group_ids = optional(list(string), [])
  }))
  description = "Who is ADMIN, EDITOR or VIEWER, as ids of IAM Identity Center. Each role's list is the whole list: whoever was added by hand goes."
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.role_associations), ["ADMIN", "EDITOR", "VIEWER"])) == 0
    error_message = "role_associations knows ADMIN, EDITOR and VIEWER; leave others out."
  }

  validation {
    condition     = length(var.role_associations) == 0 || contains(var.authentication_providers, "AWS_SSO")
    error_message = "role_associations are for AWS_SSO; with SAML the identity provider's assertions make the roles (saml.admin_role_values)."
  }

  validation {
    condition     = alltrue([for one in values(var.role_associations) : length(one.user_ids) + length(one.group_ids) > 0])
    error_message = "role_associations names a role that nobody has: give it a user or a group, or leave it out."
  }
}

variable "network_access" {
  type = object({
    prefix_list_ids = optional(list(string), [])
    vpce_ids        = optional(list(string), [])
  })
  description = "From where the workspace can be reached: managed prefix lists and VPC endpoints. The runner that deploys the content must be in one. null: from everywhere."
  default     = null

  validation {
    condition     = try(length(var.network_access.prefix_list_ids) + length(var.network_access.vpce_ids) > 0, true)
    error_message = "network_access has two empty lists, which locks everybody out: name a prefix list or an endpoint, or set it to null for access from everywhere."
  }

  validation {
    condition     = try(alltrue([for id in var.network_access.prefix_list_ids : can(regex("^pl-[0-9a-f]{8,}$", id))]) && alltrue([for id in var.network_access.vpce_ids : can(regex("^vpce-[0-9a-f]{8,}$", id))]), true)
    error_message = "network_access holds ids of prefix lists (pl-...) and of VPC endpoints (vpce-...)."
  }

  validation {
    condition     = try(length(var.network_access.prefix_list_ids) <= 5 && length(var.network_access.vpce_ids) <= 5, true)
    error_message = "network_access can name five prefix lists and five endpoints at most."
  }
}

variable "vpc" {
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  description = "A VPC for data sources without a public address. Amazon Managed Prometheus, CloudWatch and Athena need none. null: none."
  default     = null

  validation {
    condition     = try(length(var.vpc.subnet_ids) >= 2 && length(var.vpc.subnet_ids) <= 6 && length(var.vpc.security_group_ids) >= 1 && length(var.vpc.security_group_ids) <= 5, true)
    error_message = "vpc needs two to six subnets in different availability zones, and one to five security groups."
  }
}

variable "read_role_arns" {
  type        = list(string)
  description = "The roles that data sources assume: the output `role_arn` of grafana-read-role in each data account. They need not be there yet."

  validation {
    condition     = length(var.read_role_arns) > 0
    error_message = "read_role_arns is empty: no data source could read anything. Name the role of each data account (arn:aws:iam::ACCOUNT:role/athena-observability-grafana-read)."
  }

  validation {
    condition     = alltrue([for arn in var.read_role_arns : can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "read_role_arns has to hold ARNs of roles with an account id of 12 digits (arn:aws:iam::111122223333:role/NAME), without a star: the workspace assumes these and no others."
  }
}

variable "create_topic" {
  type        = bool
  description = "Make an SNS topic for alerts (its name begins with grafana, or the workspace could not publish to it)."
  default     = true
}

variable "alert_email_addresses" {
  type        = list(string)
  description = "Who gets the topic's messages by e-mail; each address confirms once."
  default     = []

  validation {
    condition     = length(var.alert_email_addresses) == 0 || var.create_topic
    error_message = "alert_email_addresses are told through the topic: set create_topic, or leave them out."
  }

  validation {
    condition     = alltrue([for one in var.alert_email_addresses : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", one))])
    error_message = "alert_email_addresses has to hold addresses such as team@example.org."
  }
}

variable "topic_arns" {
  type        = list(string)
  description = "Topics of yours that the workspace may publish to, beside its own."
  default     = []

  validation {
    condition     = alltrue([for arn in var.topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:grafana[A-Za-z0-9_-]*$", arn))])
    error_message = "topic_arns has to hold ARNs of topics whose names begin with grafana (arn:aws:sns:REGION:ACCOUNT:grafana-NAME)."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "A customer managed key for the topic; its policy has to let the workspace's role use it. null: AWS's own for SNS."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "create_service_account" {
  type        = bool
  description = "Make the service account that deploys the content, without a token: `python -m athena_dashboards.deploy` makes one for some minutes. In a month in which it is used, it is billed as a user."
  default     = true
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The permissions boundary that your account asks roles to have; null: none."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that the module makes."
  default     = {}
}
