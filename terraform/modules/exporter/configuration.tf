# The exporter's configuration and the agent's, as they are run with. Neither holds a secret: secrets come by
# `secrets` into the environment, which the configuration names.

locals {
  folder      = "/etc/athena-exporter"
  state       = "/var/lib/athena-exporter"
  guard_arn   = "arn:${local.partition}:iam::${local.account}:role/${var.name}-guard"
  topic_arn   = "arn:${local.partition}:sns:${local.region}:${local.account}:${local.topic_name}"
  topic_name  = "${var.name}-notifications"
  own_topic   = { name = "topic", topic_arn = local.topic_arn }
  other_sns   = try([for one in var.configuration.notifications.sns : one], [])
  is_guarding = var.guard_role != null

  # A loop over a list of one or none, because the two sides of a condition would have to be of one type.
  guards = [for role in var.guard_role[*] : {
    guard = merge(try(var.configuration.guard, {}), { role_arn = local.guard_arn, external_id = role.external_id })
  }]
  topics = [for one in [local.own_topic] : {
    notifications = merge(try(var.configuration.notifications, {}), { sns = concat(local.other_sns, [one]) })
  } if var.create_topic]

  configuration = merge(
    var.configuration,
    {
      ledger = merge(try({ for key, value in var.configuration.ledger : key => value }, {}), {
        path    = "${local.state}/athena-ledger.db"
        journal = "rollback" # EFS is a network disk, on which SQLite's WAL is not allowed
        lease   = "30s"      # a task that was cut off from it has stopped before the next one writes
      })
      events = merge(try({ for key, value in var.configuration.events : key => value }, {}), { create_groups = false })
    },
    concat(local.guards, local.topics)...
  )
  configuration_yaml = yamlencode(local.configuration)

  agent_yaml = yamlencode({
    global = {
      scrape_interval = "${var.scrape_seconds}s"
      scrape_timeout  = "10s"
      external_labels = var.external_labels
    }
    scrape_configs = [{
      job_name = "athena-exporter"
      # The name instead of an address: the series go on when another task takes over.
      static_configs = [{ targets = [local.exporter_address], labels = { instance = var.name } }]
    }]
    remote_write = [{
      url            = var.metrics_store.remote_write_url
      sigv4          = { region = split(":", var.metrics_store.workspace_arn)[3] }
      remote_timeout = "30s"
    }]
  })

  files = merge(
    { for name, content in var.files : "${local.folder}/${name}" => content },
    { "${local.folder}/exporter.yml" = local.configuration_yaml, "${local.folder}/agent.yml" = local.agent_yaml },
  )
}
