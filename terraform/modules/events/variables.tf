variable "name" {
  type        = string
  description = "The beginning of every name that the module gives."
  default     = "athena-observability"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "name has to begin with a lower-case letter and to have 2 to 41 lower-case letters, digits and hyphens, such as \"athena-observability\"."
  }
}

variable "event_routes" {
  type        = set(string)
  description = "What EventBridge puts into the queue: `state_changes` (Athena tells of each query, in seconds), `starts` (CloudTrail tells who started it; needs a trail in the Region)."
  default     = ["state_changes", "starts"]

  validation {
    condition     = length(setsubtract(var.event_routes, ["state_changes", "starts"])) == 0
    error_message = "event_routes knows state_changes and starts; leave anything else out."
  }

  validation {
    condition     = length(var.event_routes) + length(var.access_events) > 0 || var.trail != null
    error_message = "event_routes and access_events are empty and trail is null: nothing would ever reach a queue. Name a route, or leave the module out."
  }
}

variable "access_events" {
  type        = map(set(string))
  description = "Read events of CloudTrail that say who touched which table, by service: { glue = [\"GetTable\"], lakeformation = [\"GetDataAccess\"] }. Several events a query: they cost, and each one names a table."
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.access_events), ["glue", "lakeformation"])) == 0
    error_message = "access_events knows the services glue and lakeformation; leave others out."
  }

  validation {
    condition     = length(setsubtract(try(var.access_events["glue"], []), ["GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition", "BatchGetTable"])) == 0
    error_message = "access_events.glue knows GetTable, GetTables, BatchGetTable, GetPartition, GetPartitions and BatchGetPartition; leave others out."
  }

  validation {
    condition     = length(setsubtract(try(var.access_events["lakeformation"], []), ["GetDataAccess"])) == 0
    error_message = "access_events.lakeformation knows GetDataAccess; leave others out."
  }

  validation {
    condition     = alltrue([for events in values(var.access_events) : length(events) > 0])
    error_message = "access_events names a service without an event: name its events, or leave the service out."
  }
}

variable "trail" {
  type = object({
    bucket                  = string
    prefix                  = optional(string, "")
    bucket_account_id       = optional(string)
    topic_arn               = optional(string)
    kms_key_arn             = optional(string)
    set_bucket_notification = optional(bool, false)
  })
  description = "The other route: files of a trail, announced through a queue of their own, by the bucket or by an SNS topic (another account's, say). set_bucket_notification replaces every notification that the bucket has. null: off."
  default     = null

  validation {
    condition     = var.trail == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.trail.bucket))
    error_message = "trail.bucket has to be the name of a bucket: no s3://, no slash, no ARN."
  }

  validation {
    condition     = var.trail == null || can(regex("^$|^[^/].*[^/]$|^[^/]$", var.trail.prefix))
    error_message = "trail.prefix has neither a slash at its beginning nor at its end; it is what stands before /AWSLogs/."
  }

  validation {
    condition     = try(var.trail.bucket_account_id, null) == null || can(regex("^\\d{12}$", var.trail.bucket_account_id))
    error_message = "trail.bucket_account_id has to be the id of an account: twelve digits, in quotes so that zeros at the beginning stay."
  }

  validation {
    condition     = try(var.trail.topic_arn, null) == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[\\w-]+$", var.trail.topic_arn))
    error_message = "trail.topic_arn has to be the ARN of an SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)."
  }

  validation {
    condition     = try(var.trail.kms_key_arn, null) == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.trail.kms_key_arn))
    error_message = "trail.kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id."
  }

  validation {
    condition     = try(!var.trail.set_bucket_notification || (var.trail.topic_arn == null && var.trail.bucket_account_id == null), true)
    error_message = "trail.set_bucket_notification is for a bucket of this account without a topic: another account's bucket is told there where to announce its files."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "A customer managed key for the queues; null: SQS's own encryption (SSE-SQS), which costs nothing."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has to be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or an id: EventBridge can't use alias/aws/sqs."
  }
}

variable "max_receives" {
  type        = number
  description = "A message that was received so often and never deleted goes to the dead-letter queue."
  default     = 5

  validation {
    condition     = var.max_receives >= 2 && var.max_receives <= 100 && floor(var.max_receives) == var.max_receives
    error_message = "max_receives has to be a whole number from 2 to 100; with 1, one restart of the reader would move good messages away."
  }
}

variable "retention_days" {
  type        = number
  description = "How long a message waits for its reader; the dead-letter queue keeps its own for 14 days."
  default     = 4

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 13
    error_message = "retention_days has to be from 1 to 13: SQS keeps nothing longer than 14 days, and a dead letter's age counts from when it was sent."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that the module makes."
  default     = {}
}
