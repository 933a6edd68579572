"""Dashboards and alert rules, as code.

Data flows one way here, too: catalogue -> promql, queries -> signals -> boards and rules -> grafana -> files.
`python -m athena_dashboards` writes the files, `--check` compares them.
"""
