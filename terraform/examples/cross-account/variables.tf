variable "region" {
  type        = string
  description = "The Region of all of it."
  default     = "eu-west-1"
}

variable "data_account" {
  type = object({
    id       = string
    role_arn = string
  })
  description = "The account whose queries are watched, and the role that terraform assumes there."

  validation {
    condition     = can(regex("^\\d{12}$", var.data_account.id)) && strcontains(var.data_account.role_arn, "::${var.data_account.id}:role/")
    error_message = "data_account needs an id of twelve digits, in quotes, and a role of that account (arn:aws:iam::ID:role/NAME)."
  }
}

variable "observability_account" {
  type = object({
    id       = string
    role_arn = string
  })
  description = "The account of Grafana, and the role that terraform assumes there."

  validation {
    condition     = can(regex("^\\d{12}$", var.observability_account.id)) && strcontains(var.observability_account.role_arn, "::${var.observability_account.id}:role/")
    error_message = "observability_account needs an id of twelve digits, in quotes, and a role of that account (arn:aws:iam::ID:role/NAME)."
  }
}

variable "trail_bucket" {
  type = object({
    name            = string
    prefix          = optional(string, "")
    organization_id = optional(string)
    kms_key_arn     = optional(string)
  })
  description = "The bucket of the organisation's trail, whichever account it is in."
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the exporter."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of it, with NAT or endpoints."
}

variable "image" {
  type        = string
  description = "The exporter's image with tag or digest, built for arm64, in a registry that the data account can pull from."
}

variable "external_id" {
  type        = string
  description = "What Grafana has to say to assume the read role: 8 characters or more of your choice."
}

variable "admin_group_ids" {
  type        = list(string)
  description = "Groups of IAM Identity Center that administer Grafana."
}

variable "alert_email_addresses" {
  type        = list(string)
  description = "Who gets alerts by e-mail."
  default     = []
}
