variable "name" {
  type        = string
  description = "The beginning of every name that the module gives."
  default     = "athena-observability"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name has to begin with a lower-case letter and to have 2 to 41 lower-case letters, digits and hyphens, such as \"athena-observability\"."
  }
}

variable "configuration" {
  type        = any
  description = "The exporter's configuration as exporter/config.example.yml has it: yamldecode(file(\"exporter.yml\")) or the same as an object. The module adds the ledger's place, the Region, and what it made itself."
  default     = {}

  validation {
    condition     = can(keys(var.configuration))
    error_message = "configuration has to be an object with the keys of exporter/config.example.yml, such as { sources = { cloudwatch = { enabled = true } } }."
  }

  validation {
    condition     = alltrue([for name in ["path", "journal", "lease"] : try(var.configuration.ledger[name], null) == null])
    error_message = "configuration.ledger has a path, a journal or a lease: leave them out, the module puts the ledger on its network disk, with the journal and the lease that such a disk needs."
  }

  validation {
    condition     = try(var.configuration.events.create_groups, false) == false
    error_message = "configuration.events.create_groups has to be false or left out: the module event-logs makes the groups, with a retention, and the exporter isn't allowed to."
  }

  validation {
    condition     = try(var.configuration.aws.endpoint_url, null) == null
    error_message = "configuration.aws.endpoint_url is for the testbed: leave it out."
  }

  validation {
    condition     = alltrue(try([for one in var.configuration.targets : try(one.role_arn, null) == null || can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$", one.role_arn))], []))
    error_message = "configuration.targets: role_arn has to be the ARN of a role (arn:aws:iam::111122223333:role/NAME)."
  }
}

variable "files" {
  type        = map(string)
  description = "More files beside the configuration, by name: { \"budgets.yml\" = file(\"budgets.yml\") } with configuration.budgets = { file = \"/etc/athena-exporter/budgets.yml\" }."
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.files) : can(regex("^[\\w][\\w.-]*$", name)) && !contains(["exporter.yml", "agent.yml"], name)])
    error_message = "files: a name has letters, digits, dots, underscores and hyphens, no slash; exporter.yml and agent.yml are taken."
  }
}

variable "secrets" {
  type        = map(string)
  description = "Environment variables that hold secrets, by name: ARNs of Secrets Manager's secrets or SSM's parameters, such as { ATHENA_EXPORTER_PSEUDONYM_KEY = \"arn:aws:secretsmanager:...\" }. No value ever is in the configuration or the state."
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\\d{12}:secret:|ssm:[a-z0-9-]+:\\d{12}:parameter/).+$", arn))])
    error_message = "secrets has to hold ARNs of Secrets Manager's secrets or of SSM's parameters, never the secrets themselves."
  }
}

variable "secrets_kms_key_arns" {
  type        = list(string)
  description = "Customer managed keys that `secrets` are encrypted with; empty: AWS's own."
  default     = []

  validation {
    condition     = alltrue([for arn in var.secrets_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", arn))])
    error_message = "secrets_kms_key_arns has to hold ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID), not aliases or ids."
  }
}

variable "metrics_store" {
  type = object({
    workspace_arn    = string
    remote_write_url = string
  })
  description = "Where the agent sends the samples: outputs workspace_arn and remote_write_url of the module metrics-store."

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:aps:[a-z0-9-]+:\\d{12}:workspace/ws-[\\w-]+$", var.metrics_store.workspace_arn))
    error_message = "metrics_store.workspace_arn has to be the ARN of a workspace of Amazon Managed Prometheus (arn:aws:aps:REGION:ACCOUNT:workspace/ws-...)."
  }

  validation {
    condition     = can(regex("^https://.+/api/v1/remote_write$", var.metrics_store.remote_write_url))
    error_message = "metrics_store.remote_write_url has to be an address that begins with https:// and ends with /api/v1/remote_write."
  }
}

variable "scrape_seconds" {
  type        = number
  description = "How often the agent reads the exporter; each sample costs, and a new series shows its 0 for two minutes."
  default     = 60

  validation {
    condition     = var.scrape_seconds >= 10 && var.scrape_seconds <= 60 && floor(var.scrape_seconds) == var.scrape_seconds
    error_message = "scrape_seconds has to be a whole number from 10 to 60: above 60, the agent would miss the 0 that a new series begins with, and increase() its first queries."
  }
}

variable "external_labels" {
  type        = map(string)
  description = "Labels that the agent puts on every series, such as { environment = \"production\" }."
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.external_labels) : can(regex("^[a-zA-Z_][a-zA-Z0-9_]*$", name)) && !contains(["account_id", "region", "job", "instance"], name)])
    error_message = "external_labels: a label has letters, digits and underscores; account_id, region, job and instance are taken."
  }
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the task."

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id has to look like vpc-0123456789abcdef0."
  }
}

variable "subnet_ids" {
  type        = list(string)
  description = "The subnets of the task and of the ledger's file system, one an availability zone. They need a way to AWS: NAT, endpoints, or public ones with `assign_public_ip`."

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids is empty: name at least one subnet; two in different zones survive the loss of one."
  }

  validation {
    condition     = alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "subnet_ids has to hold ids that look like subnet-0123456789abcdef0."
  }
}

variable "assign_public_ip" {
  type        = bool
  description = "A public address instead of NAT or endpoints, for public subnets; nothing comes in either way."
  default     = false
}

variable "egress_cidrs" {
  type        = list(string)
  description = "Where the task may go on port 443: AWS, and the webhooks of notifications."
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.egress_cidrs) > 0 && alltrue([for block in var.egress_cidrs : can(cidrhost(block, 0))])
    error_message = "egress_cidrs has to hold at least one block such as 0.0.0.0/0 or 10.0.0.0/8: without a way out the exporter reads nothing."
  }
}

variable "cluster_arn" {
  type        = string
  description = "A cluster that is there already; null: the module makes one."
  default     = null

  validation {
    condition     = var.cluster_arn == null || can(regex("^arn:aws[a-z-]*:ecs:[a-z0-9-]+:\\d{12}:cluster/.+$", var.cluster_arn))
    error_message = "cluster_arn has to be the ARN of an ECS cluster (arn:aws:ecs:REGION:ACCOUNT:cluster/NAME)."
  }
}

variable "container_insights" {
  type        = bool
  description = "Container Insights on the cluster that the module makes; about three dollars a month."
  default     = false
}

variable "create_repository" {
  type        = bool
  description = "Make an ECR repository for the image. The first apply then comes before the first push; the service starts when the image is there."
  default     = false
}

variable "image" {
  type        = string
  description = "The exporter's image with tag or digest, built for arm64. null: `image_tag` in the repository that the module makes."
  default     = null

  validation {
    condition     = (var.image == null) == var.create_repository
    error_message = "image is wanted unless create_repository is true, and excludes it: name the image you have pushed, or let the module make a repository and set image_tag."
  }

  validation {
    condition     = var.image == null || can(regex("(:[\\w][\\w.-]*|@sha256:[0-9a-f]{64})$", var.image)) && !can(regex(":latest$", var.image))
    error_message = "image has to name a tag other than latest, or a digest: the same plan has to run the same exporter tomorrow."
  }
}

variable "image_tag" {
  type        = string
  description = "The tag of the image in the module's own repository."
  default     = null

  validation {
    condition     = (var.image_tag != null) == var.create_repository
    error_message = "image_tag belongs to create_repository = true, and is wanted there."
  }

  validation {
    condition     = var.image_tag == null || can(regex("^[\\w][\\w.-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "image_tag has to be a tag other than latest: the same plan has to run the same exporter tomorrow."
  }
}

variable "agent_image" {
  type        = string
  description = "The agent: a stock image of Prometheus, 3.0 or newer, for arm64."
  default     = "prom/prometheus:v3.13.4"

  validation {
    condition     = can(regex("(:[\\w][\\w.-]*|@sha256:[0-9a-f]{64})$", var.agent_image)) && !can(regex(":latest$", var.agent_image))
    error_message = "agent_image has to name a tag other than latest, or a digest."
  }
}

variable "cpu" {
  type        = number
  description = "CPU units of the task; 256 are a quarter of one."
  default     = 256

  validation {
    condition     = contains([256, 512, 1024, 2048], var.cpu)
    error_message = "cpu has to be 256, 512, 1024 or 2048: the exporter has one writer and gains nothing from more."
  }
}

variable "memory" {
  type        = number
  description = "MiB of the task: up to 256 for the exporter, the rest for the agent and what waits in it."
  default     = 1024

  validation {
    condition     = contains({ 256 = [512, 1024, 2048], 512 = [1024, 2048, 3072, 4096], 1024 = [2048, 3072, 4096, 5120, 6144, 7168, 8192], 2048 = [4096, 5120, 6144, 7168, 8192] }[var.cpu], var.memory)
    error_message = "memory has to be one that Fargate offers beside cpu: 256 with 512 to 2048, 512 with 1024 to 4096, 1024 with 2048 to 8192, 2048 with 4096 to 8192, in steps of 1024."
  }
}

variable "efs_kms_key_arn" {
  type        = string
  description = "A customer managed key for the ledger's file system; null: AWS's own for EFS."
  default     = null

  validation {
    condition     = var.efs_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.efs_kms_key_arn))
    error_message = "efs_kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "efs_throughput_mode" {
  type        = string
  description = "How the ledger's disk is paid: `bursting` by what it holds, `elastic` by what is read and written."
  default     = "bursting"

  validation {
    condition     = contains(["bursting", "elastic"], var.efs_throughput_mode)
    error_message = "efs_throughput_mode has to be bursting or elastic."
  }
}

variable "efs_backup" {
  type        = bool
  description = "Daily copies of the ledger by AWS Backup. After restoring one, delete the lock file (docs/reliability.md)."
  default     = true
}

variable "log_retention_days" {
  type        = number
  description = "How long the containers' log is kept."
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days has to be a retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }
}

variable "log_kms_key_arn" {
  type        = string
  description = "A customer managed key for the containers' log; null: CloudWatch Logs' own encryption."
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "task_policies" {
  type        = map(string)
  description = "More that the exporter may do, as IAM policies by name: { queues = module.events.consumer_policy_json }."
  default     = {}

  validation {
    condition     = alltrue([for document in values(var.task_policies) : can(jsondecode(document).Statement)])
    error_message = "task_policies has to hold IAM policies in JSON, such as the output consumer_policy_json of the module events."
  }
}

variable "trail_kms_key_arns" {
  type        = list(string)
  description = "The keys that encrypt the files of configuration.sources.trail; empty: S3's own."
  default     = []

  validation {
    condition     = alltrue([for arn in var.trail_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", arn))])
    error_message = "trail_kms_key_arns has to hold ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID), not aliases or ids."
  }
}

variable "guard_role" {
  type = object({
    external_id = string
    workgroups  = optional(list(string), ["*"])
  })
  description = "A role of its own that may stop queries, for configuration.guard; only the exporter may assume it. null: none, so that nothing the exporter has can stop a query."
  default     = null

  validation {
    condition     = var.guard_role == null || try(can(regex("^[\\w+=,.@:/-]+$", var.guard_role.external_id)) && length(var.guard_role.external_id) >= 8 && length(var.guard_role.external_id) <= 1224, false)
    error_message = "guard_role.external_id has to have 8 to 1224 letters, digits or +=,.@:/-."
  }

  validation {
    condition     = var.guard_role == null || try(length(var.guard_role.workgroups) > 0, false)
    error_message = "guard_role.workgroups is empty: name workgroups (a star stands for any characters), or set guard_role = null."
  }

  validation {
    condition     = var.guard_role == null || try(var.configuration.guard.role_arn, null) == null
    error_message = "configuration.guard.role_arn and guard_role exclude each other: leave one of them out."
  }
}

variable "create_topic" {
  type        = bool
  description = "Make an SNS topic for notifications and add it to configuration.notifications. Who subscribes is yours."
  default     = false
}

variable "topic_kms_key_arn" {
  type        = string
  description = "A customer managed key for that topic; null: AWS's own for SNS."
  default     = null

  validation {
    condition     = var.topic_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.topic_kms_key_arn))
    error_message = "topic_kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The permissions boundary that your account asks roles to have; null: none."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that the module makes, the tasks included."
  default     = {}
}
