locals {
  repository = "${path.module}/../../.."
  is_signed  = try(var.metrics.is_signed, true)
  major      = tonumber(split(".", var.grafana_version)[0])
  fitting    = local.major >= 12 && local.is_signed ? "grafana-amazonprometheus-datasource" : "prometheus"
  metrics    = coalesce(var.metrics_plugin, local.fitting)
  rules      = jsondecode(file(coalesce(var.rules_file, "${local.repository}/provisioning/terraform/rules.json")))
  groups     = var.alert_rules ? local.rules : {}
  routes     = jsondecode(file(coalesce(var.routing_file, "${local.repository}/provisioning/terraform/routing.json")))
  folders    = { for name in distinct([for one in values(local.dashboards) : one.folder]) : name => "${var.folder.uid}-${lower(replace(name, "/[^A-Za-z0-9_-]+/", "-"))}" if name != "." }
  # A rule of a group may bring its uid from 11.5.2 on; before, Grafana answers 500 (github.com/grafana/grafana/pull/99858).
  minor           = tonumber(split(".", var.grafana_version)[1])
  takes_rule_uids = local.major > 11 || (local.major == 11 && local.minor >= 6)
  has_runbook     = var.runbook_url != null
  is_by_rule      = var.routing == "rules"
  is_by_policy    = var.routing == "policy"
}

# Dashboards: by uid, so that another file name is no other dashboard.
locals {
  directories = compact([coalesce(var.dashboards_dir, "${local.repository}/dashboards/generated"), var.more_dashboards_dir])
  files = merge([
    for directory in local.directories : {
      for name in fileset(directory, "**/*.json") : "${directory}/${name}" => { folder = dirname(name), text = file("${directory}/${name}") }
    }
  ]...)
  by_uid     = { for path, one in local.files : try(jsondecode(one.text).uid, "") => path... }
  repeated   = [for uid, paths in local.by_uid : "${uid == "" ? "no uid at all" : uid} in ${join(" and ", paths)}" if length(paths) > 1 || uid == ""]
  dashboards = { for uid, paths in local.by_uid : uid => { folder = local.files[paths[0]].folder, json = local.dashboard_json[paths[0]] } }

  # A metrics plug-in is named by the value of "type", and of "query" in the variable that chooses the data source.
  dashboard_json = {
    for path, one in local.files : path => replace(one.text, "/(\"(?:type|query)\"\\s*:\\s*)\"prometheus\"/", "$${1}\"${local.metrics}\"")
  }
}

# Rules: the file's, with the data sources that are there.
locals {
  asked   = toset(flatten([for group in values(local.groups) : [for rule in group.rules : [for one in rule.data : one.datasource_uid]]]))
  there   = concat(keys(local.data_sources), keys(var.existing_data_source_uids), ["__expr__", "-100"])
  unknown = setsubtract(local.asked, local.there)
  lost = distinct(flatten([
    for group in values(local.groups) : [
      for rule in group.rules : "${rule.name} asks ${join(", ", [for one in rule.data : one.datasource_uid if contains(local.unknown, one.datasource_uid)])}"
      if anytrue([for one in rule.data : contains(local.unknown, one.datasource_uid)])
    ]
  ]))
  unshown = distinct(flatten([
    for group in values(local.groups) : [
      for rule in group.rules : "${rule.name} links to ${rule.annotations["__dashboardUid__"]}"
      if !contains(keys(local.dashboards), try(rule.annotations["__dashboardUid__"], keys(local.dashboards)[0]))
    ]
  ]))

  uids = { for uid in local.there : uid => lookup(var.existing_data_source_uids, uid, uid) }
  rule_models = {
    for group, one in local.groups : group => [
      for rule in one.rules : [
        for query in rule.data : merge(query.model, {
          datasource = {
            type = query.model.datasource.type == "prometheus" ? local.metrics : query.model.datasource.type
            uid  = lookup(local.uids, query.model.datasource.uid, query.model.datasource.uid)
          }
        })
      ]
    ]
  }
}

# Routing: an audience is a contact point, whatever its channels.
locals {
  audiences      = keys(local.routes.contact_points)
  channels       = { for one in local.audiences : one => lookup(var.contact_points, one, lookup(var.contact_points, "all", null)) if !contains(keys(var.existing_contact_points), one) }
  contact_points = { for one, channels in local.channels : one => channels if channels != null }
  receivers      = merge({ for one in keys(local.contact_points) : one => grafana_contact_point.this[one].name }, var.existing_contact_points)
  policies       = { for one in local.routes.policy.policy : one.matcher[0].value => one }
}
