# What the exporter may do: what `athena-exporter iam-policy` prints for the same configuration, statement by statement.
# A test compares the two for many configurations, so that neither can be changed alone.

locals {
  # What a target says of a source goes before what is said for all of them.
  everywhere = {
    lookup       = coalesce(try(var.configuration.sources.lookup.enabled, null), true)
    workgroups   = coalesce(try(var.configuration.sources.workgroups.enabled, null), true)
    cloudwatch   = coalesce(try(var.configuration.sources.cloudwatch.enabled, null), false)
    eventbridge  = coalesce(try(var.configuration.sources.eventbridge.enabled, null), false)
    system_table = coalesce(try(var.configuration.sources.system_table.enabled, null), false)
  }
  sources = {
    for name, is_on in local.everywhere : name => anytrue([
      for one in local.targets : coalesce(one.switches[name], is_on) if one.role_arn == null
    ])
  }
  reads_tags    = length(coalesce(try(var.configuration.sources.workgroups.tags, null), [])) > 0
  follows_views = coalesce(try(var.configuration.sql.tables, null), true) && coalesce(try(var.configuration.sql.views, null), true)
  writes_events = coalesce(try(var.configuration.events.enabled, null), false)
  stops_queries = try(local.configuration.guard.mode, "off") == "enforce"

  # A queue's address may have the account and the Region of each target in it.
  queue_urls = [for url in [try(var.configuration.sources.eventbridge.queue_url, null)] : url if local.sources.eventbridge && url != null]
  queue_parts = flatten([
    for region in local.own_regions : [
      for url in local.queue_urls : { region = region, path = split("/", replace(replace(url, "{account_id}", local.account), "{region}", region)) }
    ]
  ])
  queue_arns = sort(distinct([
    for one in local.queue_parts : join(":", [
      "arn:${local.partition}:sqs:${one.region}",
      can(regex("^\\d+$", one.path[length(one.path) - 2])) ? one.path[length(one.path) - 2] : local.account,
      one.path[length(one.path) - 1],
    ])
  ]))

  # Athena's own table of queries, which Athena looks up and reads in the name of who asks.
  asks_table    = local.reads_itself && local.sources.system_table
  table_asker   = coalesce(try(var.configuration.sources.system_table.workgroup, null), "*")
  table_results = compact([try(trimprefix(trimsuffix(var.configuration.sources.system_table.output_location, "/"), "s3://"), null)])
  system_table_arns = {
    for service, kinds in {
      athena   = ["system-table/*"]
      s3tables = ["bucket/aws-athena", "bucket/aws-athena/table/*"]
      glue = [
        "catalog", "catalog/s3tablescatalog", "catalog/s3tablescatalog/aws-athena", "database/s3tablescatalog/aws-athena/metadata",
        "table/s3tablescatalog/aws-athena/metadata/query_executions",
      ]
    } :
    service => flatten([
      for region in local.own_regions : [for kind in kinds : "arn:${local.partition}:${service}:${region}:${local.account}:${kind}"]
    ])
  }

  trails = [for one in [try(var.configuration.sources.trail, null)] : {
    bucket = one.bucket
    folder = trim(coalesce(try(one.prefix, null), "/"), "/") == "" ? "" : "${trim(one.prefix, "/")}/"
    path   = split("/", one.queue_url)
    region = try(regex("^https?://sqs\\.([a-z0-9-]+)\\.", one.queue_url)[0], local.targets[0].region)
  } if try(one.enabled && one.queue_url != null && one.bucket != null, false)]
  reads_trail = length(local.trails) > 0
  trail_queue_arns = [for one in local.trails : join(":", [
    "arn:${local.partition}:sqs:${one.region}",
    can(regex("^\\d+$", one.path[length(one.path) - 2])) ? one.path[length(one.path) - 2] : local.account,
    one.path[length(one.path) - 1],
  ])]

  # Whoever is named in role_arn writes the history instead of the exporter itself.
  histories = [for one in [try(var.configuration.history, null)] : {
    bucket     = one.bucket
    prefix     = try(one.prefix, "athena-history/") == null ? "" : try(one.prefix, "athena-history/")
    role_arn   = try(one.role_arn, null)
    kms_key    = try(one.kms_key, null)
    is_compact = coalesce(try(one.compact, null), true)
  } if try(one.enabled && one.bucket != null, false)]
  archives       = [for one in local.histories : one if one.role_arn == null]
  archive_keys   = compact(local.archives[*].kms_key)
  merges_history = anytrue(local.archives[*].is_compact)

  # No target means this account in this Region.
  told_targets = try([for one in var.configuration.targets : one], [])
  named_targets = flatten([
    for one in local.told_targets : [
      for region in concat(coalesce(try(tolist(one.regions), null), []), [null]) : {
        region   = coalesce(region, try(one.region, null), local.region)
        role_arn = try(one.role_arn, null)
        switches = { for name in keys(local.everywhere) : name => try(one.sources[name].enabled, null) }
      } if region != null || length(coalesce(try(tolist(one.regions), null), [])) == 0
    ]
  ])
  targets = length(local.named_targets) > 0 ? local.named_targets : [
    { region = local.region, role_arn = null, switches = { for name in keys(local.everywhere) : name => null } }
  ]
  channels = try([for one in local.configuration.notifications.sns : {
    arn      = one.topic_arn
    role_arn = try(one.role_arn, null)
  }], [])
  own_topics   = distinct([for one in local.channels : one.arn if one.role_arn == null])
  other_roles  = distinct([for one in concat(local.targets, local.channels, local.histories) : one.role_arn if one.role_arn != null])
  own_regions  = distinct([for one in local.targets : one.region if one.role_arn == null])
  reads_itself = length(local.own_regions) > 0
  guard_regions = distinct([
    for one in local.targets : one.region if one.role_arn == null || try(split(":", one.role_arn)[4], "") == local.account
  ])

  workgroup_arns   = [for region in local.own_regions : "arn:${local.partition}:athena:${region}:${local.account}:workgroup/*"]
  reservation_arns = [for region in local.own_regions : "arn:${local.partition}:athena:${region}:${local.account}:capacity-reservation/*"]
  catalogue_arns = flatten([
    for region in local.own_regions : [
      for kind in ["catalog", "database/*", "table/*/*"] : "arn:${local.partition}:glue:${region}:${local.account}:${kind}"
    ]
  ])
  event_groups = [
    coalesce(try(var.configuration.events.table_access_group, null), "/athena-observability/table-access"),
    coalesce(try(var.configuration.events.queries_group, null), "/athena-observability/queries"),
  ]
  event_group_arns = [
    for name in local.event_groups : "arn:${local.partition}:logs:${local.targets[0].region}:${local.account}:log-group:${name}"
  ]

  # needed: whether the configuration leads to these calls. Without resources, the Region is all they can be narrowed to.
  permissions = [
    {
      sid       = "ReadOtherAccounts"
      needed    = length(local.other_roles) > 0
      actions   = ["sts:AssumeRole"]
      resources = local.other_roles
    },
    {
      sid       = "FindWorkgroups"
      needed    = local.reads_itself
      actions   = ["athena:ListWorkGroups"]
      resources = ["*"]
    },
    {
      sid       = "CountQueries"
      needed    = local.reads_itself
      actions   = ["athena:ListQueryExecutions", "athena:BatchGetQueryExecution"]
      resources = local.workgroup_arns
    },
    {
      sid       = "FindWhoStartedQueries"
      needed    = local.reads_itself && local.sources.lookup
      actions   = ["cloudtrail:LookupEvents"]
      resources = ["*"]
    },
    {
      sid       = "ReadWorkgroupSettings"
      needed    = local.reads_itself && local.sources.workgroups
      actions   = concat(["athena:GetWorkGroup"], local.reads_tags ? ["athena:ListTagsForResource"] : [])
      resources = local.workgroup_arns
    },
    {
      sid       = "FindReservations"
      needed    = local.reads_itself && local.sources.workgroups
      actions   = ["athena:ListCapacityReservations"]
      resources = ["*"]
    },
    {
      sid       = "ReadReservations"
      needed    = local.reads_itself && local.sources.workgroups
      actions   = ["athena:GetCapacityAssignmentConfiguration"]
      resources = local.reservation_arns
    },
    {
      sid       = "ReadQuotas"
      needed    = local.reads_itself && local.sources.workgroups
      actions   = ["servicequotas:GetServiceQuota"]
      resources = ["*"]
    },
    {
      sid       = "CompareWithCloudWatch"
      needed    = local.reads_itself && local.sources.cloudwatch
      actions   = ["cloudwatch:ListMetrics", "cloudwatch:GetMetricData"]
      resources = ["*"]
    },
    {
      sid       = "ReadQueues"
      needed    = local.reads_itself && length(local.queue_urls) > 0
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      resources = local.queue_arns
    },
    {
      sid       = "FollowViewsToTables"
      needed    = local.reads_itself && local.follows_views
      actions   = ["glue:GetTable"]
      resources = local.catalogue_arns
    },
    {
      sid       = "FindSystemTable"
      needed    = local.asks_table
      actions   = ["athena:GetSystemTableConfiguration"]
      resources = local.system_table_arns.athena
    },
    {
      sid       = "AskSystemTable"
      needed    = local.asks_table
      actions   = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution"]
      resources = [for region in local.own_regions : "arn:${local.partition}:athena:${region}:${local.account}:workgroup/${local.table_asker}"]
    },
    {
      sid       = "ResolveSystemTable"
      needed    = local.asks_table
      actions   = ["glue:GetCatalog", "glue:GetDatabase", "glue:GetTable"]
      resources = local.system_table_arns.glue
    },
    {
      sid    = "ReadSystemTable"
      needed = local.asks_table
      actions = [
        "s3tables:GetTableBucket", "s3tables:GetNamespace", "s3tables:GetTable", "s3tables:GetTableMetadataLocation",
        "s3tables:GetTableData",
      ]
      resources = local.system_table_arns.s3tables
    },
    {
      sid       = "ReadGovernedSystemTable"
      needed    = local.asks_table
      actions   = ["lakeformation:GetDataAccess"]
      resources = ["*"]
    },
    {
      sid       = "FindTableResults"
      needed    = local.asks_table && length(local.table_results) > 0
      actions   = ["s3:GetBucketLocation"]
      resources = [for place in local.table_results : "arn:${local.partition}:s3:::${split("/", place)[0]}"]
    },
    {
      sid       = "WriteTableResults"
      needed    = local.asks_table && length(local.table_results) > 0
      actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      resources = [for place in local.table_results : "arn:${local.partition}:s3:::${place}/*"]
    },
    {
      sid       = "ReadTrailQueue"
      needed    = local.reads_trail
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      resources = local.trail_queue_arns
    },
    {
      sid       = "ListTrailBucket"
      needed    = local.reads_trail
      actions   = ["s3:ListBucket"]
      resources = [for one in local.trails : "arn:${local.partition}:s3:::${one.bucket}"]
    },
    {
      sid       = "ReadTrailFiles"
      needed    = local.reads_trail
      actions   = ["s3:GetObject"]
      resources = [for one in local.trails : "arn:${local.partition}:s3:::${one.bucket}/${one.folder}AWSLogs/*"]
    },
    {
      sid       = "DecryptTrailFiles"
      needed    = local.reads_trail && length(var.trail_kms_key_arns) > 0
      actions   = ["kms:Decrypt"]
      resources = var.trail_kms_key_arns # iam-policy, which knows no key, says any
    },
    {
      sid       = "CreateLogStreams"
      needed    = local.writes_events
      actions   = ["logs:CreateLogStream"]
      resources = flatten([for arn in local.event_group_arns : [arn, "${arn}:*"]])
    },
    {
      sid       = "WriteEvents"
      needed    = local.writes_events
      actions   = ["logs:PutLogEvents"]
      resources = [for arn in local.event_group_arns : "${arn}:log-stream:*"]
    },
    {
      sid       = "AssumeTheGuardsRole"
      needed    = local.stops_queries
      actions   = ["sts:AssumeRole"]
      resources = compact([try(local.configuration.guard.role_arn, null)])
    },
    {
      sid       = "TellPeople"
      needed    = length(local.own_topics) > 0
      actions   = ["sns:Publish"]
      resources = local.own_topics
    },
    {
      sid       = "WriteHistory"
      needed    = length(local.archives) > 0
      actions   = ["s3:PutObject"]
      resources = [for one in local.archives : "arn:${local.partition}:s3:::${one.bucket}/${one.prefix}*"]
    },
    {
      sid       = "MergeHistory"
      needed    = local.merges_history
      actions   = ["s3:GetObject", "s3:DeleteObject"]
      resources = [for one in local.archives : "arn:${local.partition}:s3:::${one.bucket}/${one.prefix}*"]
    },
    {
      sid       = "ListHistory"
      needed    = local.merges_history
      actions   = ["s3:ListBucket"]
      resources = [for one in local.archives : "arn:${local.partition}:s3:::${one.bucket}"]
    },
    {
      sid       = "EncryptHistory"
      needed    = length(local.archive_keys) > 0
      actions   = ["kms:GenerateDataKey"]
      resources = local.archive_keys
    },
    {
      sid       = "DecryptHistory"
      needed    = local.merges_history && length(local.archive_keys) > 0
      actions   = ["kms:Decrypt"]
      resources = local.archive_keys
    },
  ]
}

data "aws_iam_policy_document" "exporter" {
  dynamic "statement" {
    for_each = [for one in local.permissions : one if one.needed]

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = contains(statement.value.resources, "*") ? [1] : []

        content {
          test     = "StringEquals"
          variable = "aws:RequestedRegion"
          values   = sort(local.own_regions)
        }
      }

      dynamic "condition" {
        for_each = startswith(statement.value.actions[0], "kms:") ? [1] : []

        content {
          test     = "StringLike"
          variable = "kms:ViaService"
          values   = ["s3.*.amazonaws.com"] # of the bucket's Region, which need not be this one
        }
      }
    }
  }
}
