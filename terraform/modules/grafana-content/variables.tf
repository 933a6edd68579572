variable "grafana_version" {
  type        = string
  description = "The Grafana that the content is for, such as 10.4 or 12.4: it decides the plug-in of the metrics data source, and which alert routing there is."
  default     = "12.4"

  validation {
    condition     = can(regex("^(10\\.([4-9]|\\d\\d+)|(1[1-9]|[2-9]\\d)\\.\\d+)(\\.\\d+)?$", var.grafana_version))
    error_message = "grafana_version has to be 10.4 or newer, such as \"12.4\": older ones don't know the panels, and Amazon Managed Grafana 9.4 sends every notification three times."
  }
}

variable "is_amazon_managed" {
  type        = bool
  description = "Whether it is Amazon Managed Grafana, which knows other contact points than a Grafana of your own."
  default     = true
}

variable "metrics_plugin" {
  type        = string
  description = "The plug-in of the metrics data source. null: Grafana's own `prometheus` before version 12, and from 12 on, for addresses that are signed, `grafana-amazonprometheus-datasource`, because the core one no longer signs."
  default     = null

  validation {
    condition     = var.metrics_plugin == null || contains(["prometheus", "grafana-amazonprometheus-datasource"], coalesce(var.metrics_plugin, "-"))
    error_message = "metrics_plugin has to be prometheus, grafana-amazonprometheus-datasource, or null for the one that fits grafana_version."
  }
}

variable "metrics" {
  type = object({
    url             = string
    region          = optional(string)
    is_signed       = optional(bool, true)
    auth_type       = optional(string, "ec2_iam_role")
    assume_role_arn = optional(string)
    external_id     = optional(string)
    scrape_interval = optional(string, "60s")
    is_default      = optional(bool, false)
    name            = optional(string, "Athena metrics")
  })
  description = "Where the exporter's metrics are: the data source with the uid `prometheus`. `url` is that of an Amazon Managed Prometheus workspace (the output `endpoint` of metrics-store), or, with `is_signed = false`, of a Prometheus of your own. null: none is made, see existing_data_source_uids."
  default     = null

  validation {
    condition     = var.metrics == null || can(regex("^https?://[^/]+", var.metrics.url))
    error_message = "metrics.url has to be an address, such as https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-.../."
  }

  validation {
    condition     = try(!var.metrics.is_signed || var.metrics.region != null, true)
    error_message = "metrics.region is missing: requests are signed for a Region. Name it, or set is_signed = false for a Prometheus that wants no signature."
  }

  validation {
    condition     = try(contains(["ec2_iam_role", "default"], var.metrics.auth_type), true)
    error_message = "metrics.auth_type has to be ec2_iam_role (Amazon Managed Grafana: the workspace's role) or default (the credential chain of a Grafana of your own); keys would end in terraform's state."
  }

  validation {
    condition     = try(var.metrics.external_id == null || var.metrics.assume_role_arn != null, true)
    error_message = "metrics.external_id needs metrics.assume_role_arn: an external id is told to a role that is assumed."
  }

  validation {
    condition     = var.metrics == null || can(regex("^[1-9]\\d*(s|m)$", var.metrics.scrape_interval))
    error_message = "metrics.scrape_interval has to be a duration such as 60s or 2m: what the agent scrapes with, and what $__rate_interval is reckoned from."
  }
}

variable "cloudwatch" {
  type = map(object({
    region          = string
    auth_type       = optional(string, "ec2_iam_role")
    assume_role_arn = optional(string)
    external_id     = optional(string)
    name            = optional(string)
  }))
  description = "CloudWatch data sources by uid: one for each account whose workgroups and log groups people look at. The one of the stack itself is `cloudwatch`."
  default     = {}

  validation {
    condition     = alltrue([for uid in keys(var.cloudwatch) : can(regex("^[A-Za-z0-9_-]{1,40}$", uid)) && uid != "prometheus"])
    error_message = "A key of cloudwatch is a uid: 1 to 40 letters, digits, - and _, such as cloudwatch or cloudwatch-sandbox; prometheus is the metrics'."
  }

  validation {
    condition     = alltrue([for one in values(var.cloudwatch) : contains(["ec2_iam_role", "default"], one.auth_type)])
    error_message = "cloudwatch's auth_type has to be ec2_iam_role (Amazon Managed Grafana) or default (a Grafana of your own); keys would end in terraform's state."
  }

  validation {
    condition     = alltrue([for one in values(var.cloudwatch) : one.external_id == null || one.assume_role_arn != null])
    error_message = "cloudwatch's external_id needs assume_role_arn: an external id is told to a role that is assumed."
  }
}

variable "athena" {
  type = map(object({
    region          = string
    workgroup       = string
    database        = string
    catalog         = optional(string, "AwsDataCatalog")
    output_location = optional(string)
    reuse_minutes   = optional(number, 60)
    auth_type       = optional(string, "ec2_iam_role")
    assume_role_arn = optional(string)
    external_id     = optional(string)
    name            = optional(string)
  }))
  description = "Athena data sources by uid, for the collapsed rows that ask the history of queries: every look is a paid query, so `workgroup` has to have a cutoff (the module history makes one, with the database). None: those rows stay empty. The one of the stack itself is `athena`."
  default     = {}

  validation {
    condition     = alltrue([for uid in keys(var.athena) : can(regex("^[A-Za-z0-9_-]{1,40}$", uid)) && uid != "prometheus" && !contains(keys(var.cloudwatch), uid)])
    error_message = "A key of athena is a uid: 1 to 40 letters, digits, - and _, that no other data source has, such as athena or athena-sandbox."
  }

  validation {
    condition     = alltrue([for one in values(var.athena) : contains(["ec2_iam_role", "default"], one.auth_type)])
    error_message = "athena's auth_type has to be ec2_iam_role (Amazon Managed Grafana) or default (a Grafana of your own); keys would end in terraform's state."
  }

  validation {
    condition     = alltrue([for one in values(var.athena) : one.external_id == null || one.assume_role_arn != null])
    error_message = "athena's external_id needs assume_role_arn: an external id is told to a role that is assumed."
  }

  validation {
    condition     = alltrue([for one in values(var.athena) : one.reuse_minutes >= 0 && one.reuse_minutes <= 10080])
    error_message = "athena's reuse_minutes has to be from 0 (never reuse a result) to 10080 (Athena keeps one for seven days)."
  }
}

variable "existing_data_source_uids" {
  type        = map(string)
  description = "For a Grafana that has the data source already: the uid that the alert rules name => the uid that it has there, such as { prometheus = \"P1809F7CD0C75ACF3\" }. None is made then."
  default     = {}

  validation {
    condition     = var.metrics == null || !contains(keys(var.existing_data_source_uids), "prometheus")
    error_message = "existing_data_source_uids names one for prometheus, and metrics describes another: leave one of the two out."
  }
}

variable "folder" {
  type = object({
    title = optional(string, "Athena")
    uid   = optional(string, "athena")
  })
  description = "The folder of dashboards and alert rules."
  default     = {}

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,20}$", var.folder.uid))
    error_message = "folder.uid has to be 1 to 20 letters, digits, - and _: the uids of folders below it begin with it."
  }
}

variable "dashboards_dir" {
  type        = string
  description = "The folder with the dashboards' JSON. null: dashboards/generated of this repository."
  default     = null
}

variable "more_dashboards_dir" {
  type        = string
  description = "A folder with dashboards of your own; what lies in a folder below it goes into a folder of that name in Grafana. null: none."
  default     = null
}

variable "rules_file" {
  type        = string
  description = "The alert rules. null: provisioning/terraform/rules.json of this repository."
  default     = null
}

variable "routing_file" {
  type        = string
  description = "Contact points' words, mute timings and policies. null: provisioning/terraform/routing.json of this repository."
  default     = null
}

variable "alert_rules" {
  type        = bool
  description = "Whether there are alert rules at all."
  default     = true
}

variable "runbook_url" {
  type        = string
  description = "Where docs/runbook.md is published: what the links of alerts begin with. null: its path in the repository."
  default     = null

  validation {
    condition     = var.runbook_url == null || can(regex("^https://[^#]+$", var.runbook_url))
    error_message = "runbook_url has to be an https address without a #: each rule adds its own heading to it."
  }
}

variable "routing" {
  type        = string
  description = "Who decides where alerts go. `rules`: each rule names its contact point, and nobody else's alerts are touched. `policy`: this stack owns the tree of notification policies, of which a Grafana has ONE: it overwrites what is there. `none`: whoever owns the tree adds a route for system=athena."
  default     = "rules"

  validation {
    condition     = contains(["rules", "policy", "none"], var.routing)
    error_message = "routing has to be rules, policy or none."
  }

  validation {
    condition     = var.routing != "rules" || !startswith(var.grafana_version, "10.")
    error_message = "routing = \"rules\" needs Grafana 11 or newer: 10.4 has contact points in rules behind a feature flag only, which Amazon Managed Grafana can't set. Take \"policy\" where this stack may own the workspace's policies, or \"none\"."
  }

  validation {
    condition     = var.routing == "none" || !var.alert_rules || length(setsubtract(["athena-page", "athena-ticket", "athena-digest"], concat(keys(var.existing_contact_points), contains(keys(var.contact_points), "all") ? ["athena-page", "athena-ticket", "athena-digest"] : keys(var.contact_points)))) == 0
    error_message = "routing needs a contact point for each of athena-page, athena-ticket and athena-digest: name them in contact_points (\"all\" stands for those that aren't named) or in existing_contact_points, or set routing = \"none\"."
  }
}

variable "contact_points" {
  type = map(object({
    sns_topic_arns = optional(list(string), [])
    slack          = optional(list(string), [])
    pagerduty      = optional(list(string), [])
    email          = optional(list(string), [])
    webhook        = optional(list(string), [])
  }))
  description = "How audiences are reached: athena-page (on call), athena-ticket (in working hours), athena-digest (once a day), and `all` for those that aren't named. `slack`, `pagerduty` and `webhook` hold names of contact_point_secrets. Amazon Managed Grafana has SNS, Slack and PagerDuty; e-mail goes through an SNS topic there."
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.contact_points), ["all", "athena-page", "athena-ticket", "athena-digest"])) == 0
    error_message = "contact_points knows athena-page, athena-ticket, athena-digest and all; leave others out."
  }

  validation {
    condition     = alltrue([for one in values(var.contact_points) : length(concat(one.sns_topic_arns, one.slack, one.pagerduty, one.email, one.webhook)) > 0])
    error_message = "contact_points names an audience that nothing reaches: give it a topic, a channel or an address, or leave it out."
  }

  validation {
    condition     = !var.is_amazon_managed || alltrue([for one in values(var.contact_points) : length(concat(one.email, one.webhook)) == 0])
    error_message = "Amazon Managed Grafana has no contact points for e-mail and webhooks: subscribe the address to an SNS topic, and name its ARN in sns_topic_arns."
  }

  validation {
    condition     = var.is_amazon_managed || alltrue([for one in values(var.contact_points) : length(one.sns_topic_arns) == 0])
    error_message = "sns_topic_arns are for Amazon Managed Grafana: a Grafana of your own has other settings for SNS, which the terraform provider can't write. Take email, slack, pagerduty or webhook."
  }

  validation {
    condition     = alltrue([for arn in flatten([for one in values(var.contact_points) : one.sns_topic_arns]) : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:grafana[A-Za-z0-9_-]*$", arn))])
    error_message = "sns_topic_arns has to hold ARNs of topics whose names begin with grafana (arn:aws:sns:REGION:ACCOUNT:grafana-athena): the workspace may publish to no other."
  }

  validation {
    condition     = length(setsubtract(flatten([for one in values(var.contact_points) : concat(one.slack, one.pagerduty, one.webhook)]), nonsensitive(keys(var.contact_point_secrets)))) == 0
    error_message = "contact_points names a secret that contact_point_secrets doesn't have: slack, pagerduty and webhook hold names of secrets, not the secrets themselves."
  }
}

variable "contact_point_secrets" {
  type        = map(string)
  description = "Slack's and other webhooks' addresses, PagerDuty's integration keys, by a name of your own. The provider keeps them in terraform's state, so that allow_secret_in_state has to say that this is meant."
  default     = {}
  sensitive   = true

  validation {
    condition     = var.allow_secret_in_state || length(nonsensitive(keys(var.contact_point_secrets))) == 0
    error_message = "contact_point_secrets would stand in terraform's state for all who can read it. Make these contact points with `python -m athena_dashboards.deploy contact-points` and name them in existing_contact_points, or take SNS topics; where the state may hold them, set allow_secret_in_state = true."
  }
}

variable "allow_secret_in_state" {
  type        = bool
  description = "Whether contact_point_secrets may stand in terraform's state: for a state that is encrypted, and read by nobody who must not post to these channels."
  default     = false
}

variable "existing_contact_points" {
  type        = map(string)
  description = "Contact points that the Grafana has already, by audience: { athena-page = \"oncall\" }. None is made for that audience, and no secret comes here."
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.existing_contact_points), ["athena-page", "athena-ticket", "athena-digest"])) == 0
    error_message = "existing_contact_points knows athena-page, athena-ticket and athena-digest; leave others out."
  }

  validation {
    condition     = length(setintersection(keys(var.existing_contact_points), keys(var.contact_points))) == 0
    error_message = "existing_contact_points and contact_points name the same audience: leave it out of one of the two."
  }
}

variable "ui_editable" {
  type        = bool
  description = "Whether people may change rules, contact points and policies in Grafana; terraform undoes it at its next run. Decide once: a change replaces contact points, which Grafana refuses while a policy uses them."
  default     = false
}
