variable "name" {
  type        = string
  description = "The beginning of every name that the module gives."
  default     = "athena-observability"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,23}$", var.name))
    error_message = "name has to begin with a lower-case letter and to have 2 to 24 lower-case letters, digits and hyphens, such as \"athena-observability\": names of buckets begin with it."
  }
}

variable "existing_trail_bucket" {
  type = object({
    name            = string
    prefix          = optional(string, "")
    organization_id = optional(string)
    kms_key_arn     = optional(string)
  })
  description = "The bucket of a trail that is there already, in this or another account; its files lie under PREFIX/AWSLogs/[ORGANISATION/]ACCOUNT/CloudTrail/. null: the module makes a bucket and a trail of its own."
  default     = null

  validation {
    condition     = var.existing_trail_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.existing_trail_bucket.name))
    error_message = "existing_trail_bucket.name has to be the name of a bucket: no s3://, no slash, no ARN."
  }

  validation {
    condition     = var.existing_trail_bucket == null || can(regex("^$|^[^/].*[^/]$|^[^/]$", var.existing_trail_bucket.prefix))
    error_message = "existing_trail_bucket.prefix has neither a slash at its beginning nor at its end; it is what stands before /AWSLogs/."
  }

  validation {
    condition     = try(var.existing_trail_bucket.organization_id, null) == null || can(regex("^o-[a-z0-9]{10,32}$", var.existing_trail_bucket.organization_id))
    error_message = "existing_trail_bucket.organization_id has to look like o-a1b2c3d4e5; leave it out if the trail is one account's."
  }

  validation {
    condition     = try(var.existing_trail_bucket.kms_key_arn, null) == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.existing_trail_bucket.kms_key_arn))
    error_message = "existing_trail_bucket.kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "account_ids" {
  type        = list(string)
  description = "The accounts whose files the table reads; empty: this one. More than one needs an existing bucket that holds them."
  default     = []

  validation {
    condition     = alltrue([for id in var.account_ids : can(regex("^\\d{12}$", id))])
    error_message = "account_ids has to hold ids of accounts: twelve digits each, in quotes so that zeros at the beginning stay."
  }

  validation {
    condition     = length(var.account_ids) == 0 || var.existing_trail_bucket != null
    error_message = "account_ids needs existing_trail_bucket: the module's own trail records this account alone. Leave account_ids out."
  }
}

variable "regions" {
  type        = list(string)
  description = "The Regions whose files the table reads; empty: this one."
  default     = []

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2,}(-[a-z]+)+-\\d+$", region))])
    error_message = "regions has to hold names of Regions, such as eu-west-2."
  }
}

variable "first_day" {
  type        = string
  description = "The first day of the table's partitions. Days before it can't be asked; days without files cost nothing."
  default     = "2024/01/01"

  validation {
    condition     = can(regex("^\\d{4}/\\d{2}/\\d{2}$", var.first_day)) && can(formatdate("YYYY", "${replace(var.first_day, "/", "-")}T00:00:00Z"))
    error_message = "first_day has to be a day that exists, written as in 2024/01/01."
  }
}

variable "is_multi_region" {
  type        = bool
  description = "Whether the module's own trail records every Region."
  default     = true
}

variable "cutoff_bytes" {
  type        = number
  description = "What one query of the audit workgroup may scan before Athena stops it; 100 GiB cost half a dollar."
  default     = 107374182400

  validation {
    condition     = var.cutoff_bytes >= 10485760 && floor(var.cutoff_bytes) == var.cutoff_bytes
    error_message = "cutoff_bytes has to be a whole number of at least 10485760 (10 MiB): Athena takes no limit below 10 MB, and the AWS provider none below this."
  }
}

variable "trail_retention_days" {
  type        = number
  description = "How long the files of the module's own trail are kept."
  default     = 400

  validation {
    condition     = var.trail_retention_days >= 90 && floor(var.trail_retention_days) == var.trail_retention_days
    error_message = "trail_retention_days has to be a whole number of at least 90: CloudTrail itself shows 90 days without a trail."
  }
}

variable "results_retention_days" {
  type        = number
  description = "How long results of the audit workgroup are kept: they hold names of people."
  default     = 7

  validation {
    condition     = var.results_retention_days >= 1 && floor(var.results_retention_days) == var.results_retention_days
    error_message = "results_retention_days has to be a whole number of at least 1."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "A customer managed key for the module's buckets; its policy has to let CloudTrail use it. null: S3's own keys."
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
