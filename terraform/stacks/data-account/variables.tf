variable "region" {
  type        = string
  description = "The Region whose workgroups are read, and where all of this runs."

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
  description = "The beginning of every name that is given here."
  default     = "athena-observability"
}

variable "grafana_role_arn" {
  type        = string
  description = "The role of the Grafana workspace: the output `role_arn` of the stack grafana-workspace. null: there is none yet, and no role for it to assume."
  default     = null
}

variable "external_id" {
  type        = string
  description = "What Grafana has to say to assume the read role: 8 characters or more of your choice, the same for all that is asked from there."
}

variable "network" {
  type = object({
    vpc_id           = string
    subnet_ids       = list(string)
    assign_public_ip = optional(bool, false)
    egress_cidrs     = optional(list(string), ["0.0.0.0/0"])
  })
  description = "Where the exporter's task and its file system stand. The subnets need a way to AWS: NAT, endpoints, or public ones with `assign_public_ip`."
}

variable "image" {
  type        = string
  description = "The exporter's image with tag or digest, built for arm64. null: `image_tag` in a repository that is made here."
  default     = null
}

variable "image_tag" {
  type        = string
  description = "The tag of the image in the repository that is made here."
  default     = null
}

variable "configuration" {
  type        = any
  description = "The exporter's configuration as exporter/config.example.yml has it: yamldecode(file(\"exporter.yml\")) or the same as an object."
  default     = {}
}

variable "files" {
  type        = map(string)
  description = "More files beside the configuration, by name, such as { \"budgets.yml\" = file(\"budgets.yml\") }."
  default     = {}
}

variable "secrets" {
  type        = map(string)
  description = "Environment variables of the exporter that hold secrets: ARNs of Secrets Manager's secrets or SSM's parameters by name."
  default     = {}
}

variable "scrape_seconds" {
  type        = number
  description = "How often the agent reads the exporter: the price of the metrics is in proportion."
  default     = 60
}

variable "retention_days" {
  type        = number
  description = "How long metrics and events are kept."
  default     = 400
}

variable "audit" {
  type = object({
    existing_trail_bucket = optional(object({
      name            = string
      prefix          = optional(string, "")
      organization_id = optional(string)
      kms_key_arn     = optional(string)
    }))
    account_ids  = optional(list(string), [])
    regions      = optional(list(string), [])
    first_day    = optional(string, "2024/01/01")
    cutoff_bytes = optional(number, 107374182400)
  })
  description = "CloudTrail's files as a table, and the workgroup that asks it. Without `existing_trail_bucket` a trail and its bucket are made. null: neither; the rows of the dashboards that ask it stay empty."
  default     = {}
}

variable "history" {
  type = object({
    prefix         = optional(string, "athena-history/")
    retention_days = optional(number)
    first_day      = optional(string, "2024-01-01")
    cutoff_bytes   = optional(number, 107374182400)
  })
  description = "Every finished query as a row on S3, with tables and views over them and a workgroup that asks: {} for all by default. null: none."
  default     = null
}

variable "event_queue" {
  type = object({
    event_routes  = optional(set(string), ["state_changes", "starts"])
    access_events = optional(map(set(string)), {})
  })
  description = "A queue that EventBridge feeds with Athena's events, which the exporter reads: each query within seconds. null: none; the exporter asks Athena and CloudTrail by itself."
  default     = null
}

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
  description = "Workgroups to make, by name, such as { \"airflow-sales\" = { cutoff_bytes = 1099511627776 } }; empty: none."
  default     = {}
}

variable "workgroup_results" {
  type = object({
    bucket = optional(string)
    prefix = optional(string, "")
  })
  description = "Where those workgroups put results: BUCKET/PREFIX/FOLDER."
  default     = {}
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that is made here."
  default     = {}
}
