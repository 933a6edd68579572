# The table, with partition projection, so that nobody adds partitions; and the views. Columns and SQL are declared once,
# in athena_exporter/library: `make dashboards` writes tables.json.

locals {
  declared = jsondecode(file("${path.module}/tables.json"))
  table    = local.declared.table
  day      = local.table.partition.name
  folder   = "s3://${local.bucket}/${var.prefix}v${local.table.schema_version}"

  views = { for one in local.declared.views : one.name => one if !one.reads_trail || var.cloudtrail != null }
  trail = var.cloudtrail == null ? "" : format("%q.%q", var.cloudtrail.database, var.cloudtrail.table)

  # https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
  projection = { type = "date", format = "yyyy-MM-dd", interval = "1", "interval.unit" = "DAYS", range = "${var.first_day},NOW" }

  # Hive's types as Trino spells them, by which Athena knows what a view returns.
  # https://github.com/trinodb/trino/blob/master/plugin/trino-hive/src/main/java/io/trino/plugin/hive/ViewReaderUtil.java
  trino = {
    for type in distinct(flatten(values(local.views)[*].columns[*].type)) : type =>
    replace(replace(replace(replace(replace(replace(replace(replace(replace(type,
      "/\\bstring\\b/", "varchar"), "/\\bint\\b/", "integer"), "/\\btimestamp\\b/", "timestamp(3)"),
    "struct<", "row("), "array<", "array("), "map<", "map("), ">", ")"), ":", " "), ",", ", ")
  }
}

resource "aws_glue_catalog_database" "history" {
  name        = local.database
  description = "The history of Athena's queries: who asked what, when, and what it cost"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "history" {
  name          = local.table.name
  database_name = aws_glue_catalog_database.history.name
  description   = "Raw rows, several for a query: ask the view instead, and name days"
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(
    { for key, value in local.projection : "projection.${local.day}.${key}" => value },
    {
      EXTERNAL                    = "TRUE"
      classification              = "parquet"
      "parquet.compression"       = "ZSTD"
      "projection.enabled"        = "true"
      "storage.location.template" = "${local.folder}/${local.day}=$${${local.day}}/"
    },
  )

  partition_keys {
    name    = local.day
    type    = local.table.partition.type
    comment = local.table.partition.comment
  }

  storage_descriptor {
    location      = "${local.folder}/"
    input_format  = local.table.input_format
    output_format = local.table.output_format

    ser_de_info {
      serialization_library = local.table.serialization_library
    }

    dynamic "columns" {
      for_each = local.table.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

# A view as Athena itself writes one into the catalogue.
resource "aws_glue_catalog_table" "view" {
  for_each = local.views

  name          = each.key
  database_name = aws_glue_catalog_database.history.name
  description   = each.value.description
  table_type    = "VIRTUAL_VIEW"
  parameters    = { presto_view = "true", comment = "Presto View" }

  view_expanded_text = "/* Presto View */"
  view_original_text = "/* Presto View: ${base64encode(jsonencode({
    originalSql = replace(each.value.sql, "$${trail}", local.trail)
    catalog     = "awsdatacatalog"
    schema      = aws_glue_catalog_database.history.name
    columns     = [for one in each.value.columns : { name = one.name, type = local.trino[one.type] }]
  }))} */"

  storage_descriptor {
    ser_de_info {
      name                  = "-"
      serialization_library = "-"
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}
