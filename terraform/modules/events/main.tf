# Two ways for news about queries to reach a queue: EventBridge (seconds for states, CloudTrail's delay for starts),
# and the files of a trail. Names are given here, so that every policy can be read in the plan.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  state_changes = {
    # Athena sends one event for each change of a query's state. QUEUED says nothing that RUNNING doesn't say again.
    # https://docs.aws.amazon.com/athena/latest/ug/athena-events.html
    source        = ["aws.athena"]
    "detail-type" = ["Athena Query State Change"]
    detail        = { currentState = [{ "anything-but" = ["QUEUED"] }] }
  }
  starts = {
    source        = ["aws.athena"]
    "detail-type" = ["AWS API Call via CloudTrail"]
    detail        = { eventSource = ["athena.amazonaws.com"], eventName = ["StartQueryExecution"] }
  }
  accesses = {
    for service, names in var.access_events : "${service}-reads" => {
      source        = ["aws.${service}"]
      "detail-type" = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource = ["${service}.amazonaws.com"]
        eventName   = sort(names)
        # What Athena asks on the caller's behalf; crawlers, jobs and consoles ask the same services all day.
        userIdentity = { invokedBy = ["athena.amazonaws.com"] }
      }
    }
  }

  # CloudTrail's read-only events reach EventBridge only through a rule of this state.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
  with_reads = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

  rules = merge(
    contains(var.event_routes, "state_changes") ? { "query-states" = { pattern = jsonencode(local.state_changes), state = "ENABLED" } } : {},
    contains(var.event_routes, "starts") ? { "query-starts" = { pattern = jsonencode(local.starts), state = "ENABLED" } } : {},
    { for name, pattern in local.accesses : name => { pattern = jsonencode(pattern), state = local.with_reads } },
  )
  rule_arns = [for name in sort(keys(local.rules)) : "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-${name}"]

  has_events = length(local.rules) > 0
  has_trail  = var.trail != null

  events_name = "${var.name}-events"
  trail_name  = "${var.name}-trail-files"
  dead_name   = "${var.name}-dead-letters"
  queue_arns = {
    for name in [local.events_name, local.trail_name, local.dead_name] : name => "arn:${local.partition}:sqs:${local.region}:${local.account}:${name}"
  }
  queue_urls = {
    for name in keys(local.queue_arns) : name => "https://sqs.${local.region}.${data.aws_partition.current.dns_suffix}/${local.account}/${name}"
  }
  read_queues = concat(
    local.has_events ? [local.queue_arns[local.events_name]] : [],
    local.has_trail ? [local.queue_arns[local.trail_name]] : [],
  )
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${var.name}-${each.key}"
  description   = "Athena Observability: ${replace(each.key, "-", " ")}"
  event_pattern = each.value.pattern
  state         = each.value.state
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = aws_sqs_queue.events[0].arn

  # What EventBridge can't deliver for a day is kept, too.
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_sqs_queue" "events" {
  count = local.has_events ? 1 : 0

  name                              = local.events_name
  message_retention_seconds         = var.retention_days * 86400
  visibility_timeout_seconds        = 120
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  tags                              = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.max_receives
  })
}

resource "aws_sqs_queue" "trail" {
  count = local.has_trail ? 1 : 0

  name                              = local.trail_name
  message_retention_seconds         = var.retention_days * 86400
  visibility_timeout_seconds        = 600 # a file may have 50 MB
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  tags                              = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.max_receives
  })
}

resource "aws_sqs_queue" "dead" {
  name                              = local.dead_name
  message_retention_seconds         = 14 * 86400
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600
  tags                              = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = concat(aws_sqs_queue.events[*].arn, aws_sqs_queue.trail[*].arn)
  })
}

resource "aws_sqs_queue_policy" "events" {
  count = local.has_events ? 1 : 0

  queue_url = aws_sqs_queue.events[0].id
  policy    = data.aws_iam_policy_document.queue["events"].json
}

resource "aws_sqs_queue_policy" "trail" {
  count = local.has_trail ? 1 : 0

  queue_url = aws_sqs_queue.trail[0].id
  policy    = data.aws_iam_policy_document.queue["trail"].json
}

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  policy    = data.aws_iam_policy_document.queue["dead"].json
}

# Who may send to which queue: the rules of this module, the bucket of the trail or its topic, and nobody without TLS.
locals {
  from_rules = { service = "events.amazonaws.com", arns = local.rule_arns, accounts = [] }
  from_trail = local.has_trail ? {
    service = var.trail.topic_arn == null ? "s3.amazonaws.com" : "sns.amazonaws.com"
    arns    = [var.trail.topic_arn == null ? "arn:${local.partition}:s3:::${var.trail.bucket}" : var.trail.topic_arn]
    # A bucket's ARN names no account, and a deleted bucket's name is anybody's.
    accounts = var.trail.topic_arn == null ? [coalesce(var.trail.bucket_account_id, local.account)] : []
  } : null

  senders = merge(
    local.has_events ? { events = { queue = local.events_name, from = local.from_rules } } : {},
    local.has_trail ? { trail = { queue = local.trail_name, from = local.from_trail } } : {},
    { dead = { queue = local.dead_name, from = local.has_events ? local.from_rules : null } },
  )
}

data "aws_iam_policy_document" "queue" {
  for_each = local.senders

  dynamic "statement" {
    for_each = each.value.from == null ? [] : [each.value.from]

    content {
      sid       = "Send"
      actions   = ["sqs:SendMessage"]
      resources = [local.queue_arns[each.value.queue]]

      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value.arns
      }

      dynamic "condition" {
        for_each = statement.value.accounts

        content {
          test     = "StringEquals"
          variable = "aws:SourceAccount"
          values   = [condition.value]
        }
      }
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arns[each.value.queue]]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_subscription" "trail" {
  count = try(var.trail.topic_arn, null) == null ? 0 : 1

  topic_arn = var.trail.topic_arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.trail[0].arn

  depends_on = [aws_sqs_queue_policy.trail] # SNS asks the queue whether it may send
}

resource "aws_s3_bucket_notification" "trail" {
  count = try(var.trail.set_bucket_notification, false) ? 1 : 0

  bucket = var.trail.bucket

  queue {
    id            = local.trail_name
    queue_arn     = aws_sqs_queue.trail[0].arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "${local.trail_folder}AWSLogs/"
    filter_suffix = ".json.gz"
  }

  depends_on = [aws_sqs_queue_policy.trail] # S3 sends a test message before it takes the notification
}

locals {
  trail_folder = try(var.trail.prefix, "") == "" ? "" : "${var.trail.prefix}/"
}

data "aws_iam_policy_document" "consumer" {
  statement {
    sid       = "ReadQueues"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = local.read_queues
  }

  dynamic "statement" {
    for_each = local.has_trail ? [var.trail] : []

    content {
      sid       = "ReadTrailFiles"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${statement.value.bucket}/${local.trail_folder}AWSLogs/*"]
    }
  }

  dynamic "statement" {
    for_each = { for service, key in { sqs = var.kms_key_arn, s3 = try(var.trail.kms_key_arn, null) } : service => key if key != null }

    content {
      sid       = "Decrypt${title(statement.key)}"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["${statement.key}.${local.region}.amazonaws.com"]
      }
    }
  }
}
