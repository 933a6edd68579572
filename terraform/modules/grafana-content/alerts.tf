resource "grafana_rule_group" "this" {
  for_each = local.groups

  name               = each.key
  folder_uid         = grafana_folder.this.uid
  interval_seconds   = each.value.interval_seconds
  disable_provenance = var.ui_editable

  dynamic "rule" {
    for_each = each.value.rules

    content {
      uid            = local.takes_rule_uids ? rule.value.uid : null
      name           = rule.value.name
      condition      = rule.value.condition
      for            = rule.value.for
      no_data_state  = rule.value.no_data_state
      exec_err_state = rule.value.exec_err_state
      is_paused      = rule.value.is_paused
      labels         = rule.value.labels
      annotations    = merge(rule.value.annotations, local.has_runbook ? { runbook_url = replace(rule.value.annotations.runbook_url, "/^docs\\/runbook\\.md/", var.runbook_url) } : {})

      dynamic "data" {
        for_each = rule.value.data

        content {
          ref_id         = data.value.ref_id
          datasource_uid = lookup(local.uids, data.value.datasource_uid, data.value.datasource_uid)
          model          = jsonencode(local.rule_models[each.key][rule.key][data.key])

          relative_time_range {
            from = data.value.relative_time_range.from
            to   = data.value.relative_time_range.to
          }
        }
      }

      dynamic "notification_settings" {
        for_each = local.is_by_rule ? [local.policies[rule.value.labels.severity]] : []

        content {
          contact_point   = local.receivers[notification_settings.value.contact_point]
          group_by        = distinct(concat(["grafana_folder", "alertname"], notification_settings.value.group_by)) # Grafana wants the first two
          group_wait      = notification_settings.value.group_wait
          group_interval  = notification_settings.value.group_interval
          repeat_interval = notification_settings.value.repeat_interval
          mute_timings    = [for one in notification_settings.value.mute_timings : grafana_mute_timing.this[one].name]
        }
      }
    }
  }

  depends_on = [grafana_data_source.this, grafana_dashboard.this]
}

# Also where others make the contact points: those of `athena_dashboards.deploy contact-points` speak with it.
resource "grafana_message_template" "this" {
  for_each = length(local.contact_points) > 0 || (var.alert_rules && var.routing != "none") ? local.routes.message_templates : {}

  name               = each.key
  template           = each.value
  disable_provenance = var.ui_editable
}

resource "grafana_contact_point" "this" {
  for_each = local.contact_points

  name               = each.key
  disable_provenance = var.ui_editable

  dynamic "sns" {
    for_each = each.value.sns_topic_arns

    content {
      topic          = sns.value
      auth_provider  = "default"
      message_format = local.routes.contact_points[each.key].sns.message_format
      subject        = local.routes.contact_points[each.key].sns.subject
      body           = local.routes.contact_points[each.key].sns.body
    }
  }

  dynamic "slack" {
    for_each = each.value.slack

    content {
      url   = var.contact_point_secrets[slack.value]
      title = local.routes.contact_points[each.key].slack.title
      text  = local.routes.contact_points[each.key].slack.text
    }
  }

  dynamic "pagerduty" {
    for_each = each.value.pagerduty

    content {
      integration_key = var.contact_point_secrets[pagerduty.value]
      severity        = local.routes.contact_points[each.key].pagerduty.severity
      class           = local.routes.contact_points[each.key].pagerduty.class
      component       = local.routes.contact_points[each.key].pagerduty.component
      group           = local.routes.contact_points[each.key].pagerduty.group
      summary         = local.routes.contact_points[each.key].pagerduty.summary
    }
  }

  dynamic "email" {
    for_each = length(each.value.email) > 0 ? [each.value.email] : []

    content {
      addresses    = email.value
      single_email = local.routes.contact_points[each.key].email.single_email
      subject      = local.routes.contact_points[each.key].email.subject
      message      = local.routes.contact_points[each.key].email.message
    }
  }

  dynamic "webhook" {
    for_each = each.value.webhook

    content {
      url         = var.contact_point_secrets[webhook.value]
      http_method = local.routes.contact_points[each.key].webhook.http_method
      title       = local.routes.contact_points[each.key].webhook.title
      message     = local.routes.contact_points[each.key].webhook.message
    }
  }

  depends_on = [grafana_message_template.this]
}

resource "grafana_mute_timing" "this" {
  for_each = var.alert_rules && var.routing != "none" ? local.routes.mute_timings : {}

  name               = each.key
  disable_provenance = var.ui_editable

  dynamic "intervals" {
    for_each = each.value.intervals

    content {
      dynamic "times" {
        for_each = intervals.value.times

        content {
          start = times.value.start
          end   = times.value.end
        }
      }
    }
  }
}

# The one tree of the whole Grafana: only where `routing` says that this stack owns it.
resource "grafana_notification_policy" "this" {
  count = var.alert_rules && local.is_by_policy ? 1 : 0

  contact_point      = local.receivers[local.routes.policy.contact_point]
  group_by           = ["grafana_folder", "alertname"]
  disable_provenance = var.ui_editable

  policy {
    contact_point = local.receivers[local.routes.policy.contact_point]

    dynamic "matcher" {
      for_each = local.routes.policy.matcher

      content {
        label = matcher.value.label
        match = matcher.value.match
        value = matcher.value.value
      }
    }

    dynamic "policy" {
      for_each = local.routes.policy.policy

      content {
        contact_point   = local.receivers[policy.value.contact_point]
        group_by        = policy.value.group_by
        group_wait      = policy.value.group_wait
        group_interval  = policy.value.group_interval
        repeat_interval = policy.value.repeat_interval
        mute_timings    = [for one in policy.value.mute_timings : grafana_mute_timing.this[one].name]

        dynamic "matcher" {
          for_each = policy.value.matcher

          content {
            label = matcher.value.label
            match = matcher.value.match
            value = matcher.value.value
          }
        }
      }
    }
  }
}
