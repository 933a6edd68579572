variable "region" {
  type        = string
  description = "The Region of all of it."
  default     = "eu-west-1"
}

variable "account_id" {
  type        = string
  description = "The account of all of it."

  validation {
    condition     = can(regex("^\\d{12}$", var.account_id))
    error_message = "account_id has to have twelve digits, in quotes so that zeros at the beginning stay."
  }
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the exporter."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Public subnets of it: the example gives the task a public address, the cheapest way to AWS. Nothing comes in."
}

variable "image_tag" {
  type        = string
  description = "The tag of the exporter's image that will be pushed."
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
