# The table, with partition projection: Athena works out which folders to read, and nobody adds partitions.
# https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html

locals {
  user_identity = join("", [
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,",
    "username:string,identityprovider:string,onbehalfof:struct<userid:string,identitystorearn:string>,",
    "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,",
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,",
    "sourceidentity:string,ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>",
  ])

  columns = [
    ["eventversion", "string"],
    ["useridentity", local.user_identity],
    ["eventtime", "string"],
    ["eventsource", "string"],
    ["eventname", "string"],
    ["awsregion", "string"],
    ["sourceipaddress", "string"],
    ["useragent", "string"],
    ["errorcode", "string"],
    ["errormessage", "string"],
    ["requestparameters", "string"],
    ["responseelements", "string"],
    ["additionaleventdata", "string"],
    ["requestid", "string"],
    ["eventid", "string"],
    ["readonly", "string"],
    ["resources", "array<struct<arn:string,accountid:string,type:string>>"],
    ["eventtype", "string"],
    ["apiversion", "string"],
    ["recipientaccountid", "string"],
    ["serviceeventdetails", "string"],
    ["sharedeventid", "string"],
    ["vpcendpointid", "string"],
    ["vpcendpointaccountid", "string"],
    ["eventcategory", "string"],
    ["addendum", "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>"],
    ["sessioncredentialfromconsole", "string"],
    ["edgedevicedetails", "string"],
    ["tlsdetails", "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"],
  ]
}

resource "aws_glue_catalog_database" "audit" {
  name        = replace("${var.name}-audit", "-", "_")
  description = "Audit questions: CloudTrail's events"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "cloudtrail_logs" {
  name          = "cloudtrail_logs"
  database_name = aws_glue_catalog_database.audit.name
  description   = "CloudTrail's events by account, region and day. A question that names no day reads every file."
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                       = "TRUE"
    classification                 = "cloudtrail"
    "projection.enabled"           = "true"
    "projection.account.type"      = "enum"
    "projection.account.values"    = join(",", local.accounts)
    "projection.region.type"       = "enum"
    "projection.region.values"     = join(",", local.regions)
    "projection.day.type"          = "date"
    "projection.day.format"        = "yyyy/MM/dd"
    "projection.day.interval"      = "1"
    "projection.day.interval.unit" = "DAYS"
    "projection.day.range"         = "${var.first_day},NOW"
    "storage.location.template"    = "${local.folder}/$${account}/CloudTrail/$${region}/$${day}"
  }

  dynamic "partition_keys" {
    for_each = ["account", "region", "day"]

    content {
      name = partition_keys.value
      type = "string"
    }
  }

  storage_descriptor {
    location      = "${local.folder}/"
    input_format  = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hive.hcatalog.data.JsonSerDe"
    }

    dynamic "columns" {
      for_each = local.columns

      content {
        name = columns.value[0]
        type = columns.value[1]
      }
    }
  }
}
