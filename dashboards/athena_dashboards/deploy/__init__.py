"""From a Grafana without content to one with all of it: `python -m athena_dashboards.deploy`.

Stage: terraform's stack `content`, and what terraform can't do around it (a token that lives for minutes, plug-ins, a
look at whether it works) -> a Grafana. Each part stands alone, for people whose terraform runs elsewhere.
"""
