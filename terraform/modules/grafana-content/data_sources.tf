locals {
  data_sources = merge(
    var.metrics == null ? {} : {
      prometheus = { type = local.metrics, name = var.metrics.name, url = var.metrics.url, is_default = var.metrics.is_default, json = local.metrics_json }
    },
    {
      for uid, one in var.cloudwatch : uid => {
        type = "cloudwatch", name = coalesce(one.name, uid == "cloudwatch" ? "Athena CloudWatch" : "Athena CloudWatch ${uid}"), url = null, is_default = false
        json = merge(local.assumed.cloudwatch[uid], { authType = one.auth_type, defaultRegion = one.region })
      }
    },
    {
      for uid, one in var.athena : uid => {
        type = "grafana-athena-datasource", name = coalesce(one.name, uid == "athena" ? "Athena SQL" : "Athena SQL ${uid}"), url = null, is_default = false
        json = merge(
          local.assumed.athena[uid],
          { authType = one.auth_type, defaultRegion = one.region, catalog = one.catalog, database = one.database, workgroup = one.workgroup },
          { resultReuseEnabled = one.reuse_minutes > 0, resultReuseMaxAgeInMinutes = one.reuse_minutes },
          { for key, value in { outputLocation = one.output_location } : key => value if value != null },
        )
      }
    },
  )

  assumed = {
    for kind, sources in { cloudwatch = var.cloudwatch, athena = var.athena } : kind => {
      for uid, one in sources : uid => { for key, value in { assumeRoleArn = one.assume_role_arn, externalId = one.external_id } : key => value if value != null }
    }
  }

  # The signing keys as both plug-ins read them: pkg/datasource.go of github.com/grafana/grafana-amazonprometheus-datasource.
  metrics_json = var.metrics == null ? null : merge(
    { httpMethod = "POST", timeInterval = var.metrics.scrape_interval, manageAlerts = false },
    {
      for key, value in {
        sigV4Auth          = true
        sigV4AuthType      = var.metrics.auth_type
        sigV4Region        = var.metrics.region
        sigV4AssumeRoleArn = var.metrics.assume_role_arn
        sigV4ExternalId    = var.metrics.external_id
      } : key => value if value != null && var.metrics.is_signed
    },
  )
}

resource "grafana_data_source" "this" {
  for_each = local.data_sources

  uid               = each.key
  type              = each.value.type
  name              = each.value.name
  url               = each.value.url
  access_mode       = "proxy"
  is_default        = each.value.is_default
  json_data_encoded = jsonencode(each.value.json)
}
