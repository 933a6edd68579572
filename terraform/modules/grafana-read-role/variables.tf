variable "name" {
  type        = string
  description = "The role's name."
  default     = "athena-observability-grafana-read"

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.name))
    error_message = "name has to be a name that IAM takes for a role: 1 to 64 letters, digits and +=,.@_-."
  }
}

variable "trusted_role_arns" {
  type        = list(string)
  description = "Who may assume the role: the role of the Grafana workspace."

  validation {
    condition     = length(var.trusted_role_arns) > 0
    error_message = "trusted_role_arns is empty: name the role of the Grafana workspace, else nobody could use this one."
  }

  validation {
    condition     = alltrue([for arn in var.trusted_role_arns : can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$", arn))])
    error_message = "trusted_role_arns has to hold ARNs of roles (arn:aws:iam::111122223333:role/NAME); an account or a star would let in more than Grafana."
  }
}

variable "external_id" {
  type        = string
  description = "What Grafana's data sources have to say to be let in; no secret, but not to be guessed from the account's id either."

  validation {
    condition     = can(regex("^[\\w+=,.@:/-]+$", var.external_id)) && length(var.external_id) >= 8 && length(var.external_id) <= 1224 && !can(regex("^\\d{12}$", var.external_id))
    error_message = "external_id has to have 8 to 1224 letters, digits or +=,.@:/-, and not to be an account's id: everybody knows that."
  }
}

variable "workspace_arn" {
  type        = string
  description = "The Prometheus workspace that may be queried; null: none."
  default     = null

  validation {
    condition     = var.workspace_arn == null || can(regex("^arn:aws[a-z-]*:aps:[a-z0-9-]+:\\d{12}:workspace/ws-[\\w-]+$", var.workspace_arn))
    error_message = "workspace_arn has to be the ARN of a workspace of Amazon Managed Prometheus (arn:aws:aps:REGION:ACCOUNT:workspace/ws-...)."
  }
}

variable "cloudwatch" {
  type        = bool
  description = "Whether metrics of CloudWatch may be read (all of them: CloudWatch can't narrow it)."
  default     = true

  validation {
    condition     = var.cloudwatch || var.workspace_arn != null || length(var.log_group_arns) > 0 || var.audit != null
    error_message = "cloudwatch is false, workspace_arn and audit are null, and log_group_arns is empty: there would be nothing to read. Set one of them."
  }
}

variable "cloudwatch_regions" {
  type        = list(string)
  description = "The Regions whose metrics may be read; empty: this one."
  default     = []

  validation {
    condition     = alltrue([for region in var.cloudwatch_regions : can(regex("^[a-z]{2,}(-[a-z]+)+-\\d+$", region))])
    error_message = "cloudwatch_regions has to hold names of Regions, such as eu-west-2."
  }
}

variable "log_group_arns" {
  type        = list(string)
  description = "The log groups that may be asked, without `:*` at their ends."
  default     = []

  validation {
    condition     = alltrue([for arn in var.log_group_arns : can(regex("^arn:aws[a-z-]*:logs:[a-z0-9-]+:\\d{12}:log-group:[\\w./#-]+$", arn))])
    error_message = "log_group_arns has to hold ARNs of log groups without `:*` at their ends (arn:aws:logs:REGION:ACCOUNT:log-group:NAME)."
  }
}

variable "audit" {
  type = object({
    workgroup      = string
    database       = string
    trail_bucket   = string
    trail_prefix   = optional(string, "")
    results_bucket = string
    kms_key_arns   = optional(list(string), [])
  })
  description = "What audit questions need: the output `audit` of the module audit-trail. null: no Athena."
  default     = null
}

variable "lake_formation" {
  type        = bool
  description = "Whether Lake Formation guards the audit database, so that lakeformation:GetDataAccess is needed."
  default     = false

  validation {
    condition     = !var.lake_formation || var.audit != null
    error_message = "lake_formation is for the audit database: set audit, or leave lake_formation out."
  }
}

variable "policies" {
  type        = map(string)
  description = "More that may be read, as IAM policies by a name of your own: { history = module.history.reader_policy_json }."
  default     = {}

  validation {
    condition     = alltrue([for policy in values(var.policies) : can(jsondecode(policy).Statement)])
    error_message = "policies has to hold IAM policies in JSON, each with a Statement."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The permissions boundary that your account asks roles to have; null: none."
  default     = null
}

variable "max_session_seconds" {
  type        = number
  description = "How long Grafana may use one session."
  default     = 3600

  validation {
    condition     = var.max_session_seconds >= 3600 && var.max_session_seconds <= 43200
    error_message = "max_session_seconds has to be from 3600 to 43200 (an hour to twelve)."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of the role."
  default     = {}
}
