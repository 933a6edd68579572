variable "table_access_group" {
  type        = string
  description = "The log group of who read which table; the exporter's events.table_access_group."
  default     = "/athena-observability/table-access"

  validation {
    condition     = can(regex("^[\\w./#-]{1,512}$", var.table_access_group)) && !startswith(var.table_access_group, "aws/")
    error_message = "table_access_group has to be a name that CloudWatch Logs takes: 1 to 512 letters, digits and ._-/#, not beginning with aws/."
  }
}

variable "queries_group" {
  type        = string
  description = "The log group of finished queries; the exporter's events.queries_group."
  default     = "/athena-observability/queries"

  validation {
    condition     = can(regex("^[\\w./#-]{1,512}$", var.queries_group)) && !startswith(var.queries_group, "aws/")
    error_message = "queries_group has to be a name that CloudWatch Logs takes: 1 to 512 letters, digits and ._-/#, not beginning with aws/."
  }

  validation {
    condition     = var.queries_group != var.table_access_group
    error_message = "queries_group has to differ from table_access_group: every question of the dashboards asks one of the two."
  }
}

variable "retention_days" {
  type        = number
  description = "How long events are kept; 400 days keep distinct users by month comparable with the year before."
  default     = 400

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "retention_days has to be a retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "create_kms_key" {
  type        = bool
  description = "Make a customer managed key for the two groups (about a dollar a month); false: CloudWatch Logs' own encryption, or kms_key_arn."
  default     = false

  validation {
    condition     = !var.create_kms_key || var.kms_key_arn == null
    error_message = "create_kms_key and kms_key_arn exclude each other: leave one of them out."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "A key of yours for the two groups; its policy has to let logs.REGION.amazonaws.com use it. null: none."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "keep_on_destroy" {
  type        = bool
  description = "Whether `terraform destroy` leaves the groups and their events where they are."
  default     = true
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that the module makes."
  default     = {}
}
