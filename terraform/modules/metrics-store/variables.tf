variable "name" {
  type        = string
  description = "The workspace's alias, and the beginning of the names beside it."
  default     = "athena-observability"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name has to begin with a lower-case letter and to have 2 to 41 lower-case letters, digits and hyphens, such as \"athena-observability\"."
  }
}

variable "retention_days" {
  type        = number
  description = "How long samples are kept; 400 days compare a month with the same month a year ago."
  default     = 400

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 1095 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days has to be a whole number from 1 to 1095 (Amazon Managed Prometheus keeps no sample for longer)."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "A customer managed key for the samples; null: a key that AWS owns. It can't be changed later."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Keep what the workspace logs about refused samples and failing rules, for so many days; null: don't log."
  default     = 30

  validation {
    condition     = var.log_retention_days == null || contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], coalesce(var.log_retention_days, 1))
    error_message = "log_retention_days has to be a retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731; or null."
  }
}

variable "reader_principal_arns" {
  type        = list(string)
  description = "Roles of other accounts that may query the workspace without assuming a role here (a resource policy); empty: no policy."
  default     = []

  validation {
    condition     = alltrue([for arn in var.reader_principal_arns : can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "reader_principal_arns has to hold ARNs of roles (arn:aws:iam::111122223333:role/NAME); an account or a star would let in more than Grafana."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that the module makes."
  default     = {}
}
