resource "grafana_folder" "this" {
  title                        = var.folder.title
  uid                          = var.folder.uid
  prevent_destroy_if_not_empty = true

  lifecycle {
    precondition {
      condition     = length(local.files) > 0
      error_message = "There is no dashboard in ${join(" or ", local.directories)}: run make dashboards, or correct dashboards_dir."
    }

    precondition {
      condition     = length(local.repeated) == 0
      error_message = "Each dashboard needs a uid of its own: ${join("; ", local.repeated)}. Links and alert rules point at uids."
    }

    precondition {
      condition     = length(local.lost) == 0
      error_message = "A rule asks a data source that isn't there: ${join("; ", local.lost)}. Describe it (metrics has the uid prometheus), or map it in existing_data_source_uids."
    }

    precondition {
      condition     = length(local.unshown) == 0
      error_message = "A rule links to a dashboard that isn't there: ${join("; ", local.unshown)}."
    }
  }
}

resource "grafana_folder" "below" {
  for_each = local.folders

  title                        = each.key
  uid                          = each.value
  prevent_destroy_if_not_empty = true
}

resource "grafana_dashboard" "this" {
  for_each = local.dashboards

  folder      = each.value.folder == "." ? grafana_folder.this.uid : grafana_folder.below[each.value.folder].uid
  config_json = each.value.json
  overwrite   = true
}
