variable "name" {
  type        = string
  description = "The beginning of every name that the module gives."
  default     = "athena-observability"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,23}$", var.name))
    error_message = "name has to begin with a lower-case letter and to have 2 to 24 lower-case letters, digits and hyphens, such as \"athena-observability\": the bucket's name begins with it."
  }
}

variable "prefix" {
  type        = string
  description = "What the keys of the history's files begin with: `history.prefix` of every exporter that writes here."
  default     = "athena-history/"

  validation {
    condition     = can(regex("^([\\w.-]+/)+$", var.prefix)) && !startswith(var.prefix, "results/")
    error_message = "prefix has to be a folder with a slash at its end and none at its beginning, such as \"athena-history/\", and another than results/, where answers lie."
  }
}

variable "first_day" {
  type        = string
  description = "The first day of the table's partitions. Days before it can't be asked; days without files cost nothing."
  default     = "2024-01-01"

  validation {
    condition     = can(regex("^\\d{4}-\\d{2}-\\d{2}$", var.first_day)) && can(formatdate("YYYY", "${var.first_day}T00:00:00Z"))
    error_message = "first_day has to be a day that exists, written as in 2024-01-01."
  }
}

variable "retention_days" {
  type        = number
  description = "How long a file of the history is kept after it was written."
  default     = 400

  validation {
    condition     = var.retention_days >= 32 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days has to be a whole number of at least 32: questions about a month need all of it."
  }
}

variable "results_retention_days" {
  type        = number
  description = "How long results of the workgroup are kept: they hold names of people. Athena reuses none older than 7 days."
  default     = 7

  validation {
    condition     = var.results_retention_days >= 1 && floor(var.results_retention_days) == var.results_retention_days
    error_message = "results_retention_days has to be a whole number of at least 1."
  }
}

variable "cutoff_bytes" {
  type        = number
  description = "What one question may scan before Athena stops it; 100 GiB cost half a dollar."
  default     = 107374182400

  validation {
    condition     = var.cutoff_bytes >= 10485760 && floor(var.cutoff_bytes) == var.cutoff_bytes
    error_message = "cutoff_bytes has to be a whole number of at least 10485760 (10 MiB): Athena takes no limit below 10 MB, and the AWS provider none below this."
  }
}

variable "cloudtrail" {
  type = object({
    database = string
    table    = string
  })
  description = "CloudTrail's table, for questions that join it: the output `cloudtrail` of the module audit-trail. null: no view of it here."
  default     = null

  validation {
    condition     = try(alltrue([for name in [var.cloudtrail.database, var.cloudtrail.table] : can(regex("^[a-z0-9_]+$", name))]), true)
    error_message = "cloudtrail.database and cloudtrail.table have to be names in Glue: lower-case letters, digits and _."
  }
}

variable "writer_role_arns" {
  type        = list(string)
  description = "Roles of exporters in other accounts that write into this bucket, too; their own policies have to let them. An exporter of this account needs no entry."
  default     = []

  validation {
    condition     = alltrue([for arn in var.writer_role_arns : can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "writer_role_arns has to hold ARNs of roles (arn:aws:iam::111122223333:role/NAME); an account or a star would let in more than exporters."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "A customer managed key for the bucket and the results; its policy has to let writers and readers use it. null: S3's own keys."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that the module makes."
  default     = {}
}
