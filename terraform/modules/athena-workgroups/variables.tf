variable "workgroups" {
  type = map(object({
    cutoff_bytes    = number
    results_bucket  = optional(string)
    folder          = optional(string)
    component       = optional(string)
    description     = optional(string)
    engine_version  = optional(string)
    enforce         = optional(bool, true)
    publish_metrics = optional(bool, true)
    is_enabled      = optional(bool, true)
    kms_key_arn     = optional(string)
    tags            = optional(map(string), {})
  }))
  description = "The workgroups, by name: `airflow-{folder}` for a folder of Airflow's, and others. `folder` is the last part of the result prefix; by default the name without `airflow-`."

  validation {
    condition     = length(var.workgroups) > 0
    error_message = "workgroups is empty: name at least one, such as { \"airflow-sales\" = { cutoff_bytes = 1099511627776 } }."
  }

  validation {
    condition     = alltrue([for name in keys(var.workgroups) : can(regex("^[a-zA-Z0-9._-]{1,128}$", name))])
    error_message = "workgroups: a name has 1 to 128 letters, digits, dots, underscores and hyphens."
  }

  validation {
    condition     = !contains(keys(var.workgroups), "primary")
    error_message = "workgroups: `primary` is in every account already; import it into a configuration of its own, or leave it out."
  }

  validation {
    condition     = alltrue([for one in values(var.workgroups) : one.cutoff_bytes >= 10485760 && floor(one.cutoff_bytes) == one.cutoff_bytes])
    error_message = "workgroups: cutoff_bytes has to be a whole number of at least 10485760 (10 MiB): Athena takes no limit below 10 MB, and the AWS provider none below this."
  }

  validation {
    condition     = alltrue([for one in values(var.workgroups) : one.results_bucket != null || var.results_bucket != null])
    error_message = "workgroups: every workgroup needs a bucket for its results: set results_bucket for all of them, or for each one."
  }

  validation {
    condition     = alltrue([for one in values(var.workgroups) : one.folder == null || can(regex("^[^/].*[^/]$|^[^/]$", one.folder))])
    error_message = "workgroups: folder has neither a slash at its beginning nor at its end."
  }

  validation {
    condition     = alltrue([for one in values(var.workgroups) : one.enforce || one.component != null])
    error_message = "workgroups: one that doesn't enforce its configuration lets clients choose another result prefix; give it a component, so that its cost still has an owner, or set enforce = true."
  }
}

variable "results_bucket" {
  type        = string
  description = "The bucket of the results, for workgroups that name none."
  default     = null

  validation {
    condition     = var.results_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket))
    error_message = "results_bucket has to be the name of a bucket: no s3://, no slash, no ARN."
  }
}

variable "results_prefix" {
  type        = string
  description = "What stands before the folder in the bucket; empty for nothing."
  default     = ""

  validation {
    condition     = can(regex("^$|^[^/].*[^/]$|^[^/]$", var.results_prefix))
    error_message = "results_prefix has neither a slash at its beginning nor at its end."
  }
}

variable "engine_version" {
  type        = string
  description = "The engine of workgroups that name none."
  default     = "Athena engine version 3"

  validation {
    condition     = can(regex("^(AUTO|Athena engine version \\d+)$", var.engine_version))
    error_message = "engine_version has to be AUTO or as in \"Athena engine version 3\"."
  }
}

variable "component_tag" {
  type        = string
  description = "The tag that says whose cost a workgroup is; the exporter shows it with sources.workgroups.tags."
  default     = "component"

  validation {
    condition     = can(regex("^[\\w .:/=+@-]{1,128}$", var.component_tag)) && !startswith(lower(var.component_tag), "aws:")
    error_message = "component_tag has to be a key that AWS takes for a tag: 1 to 128 characters, not beginning with aws:."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "A key that encrypts the results of workgroups that name none; null: S3's own keys."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of every workgroup, beside its component."
  default     = {}
}
