"""What leaves the product: each outlet reads committed state only and knows nothing of AWS's words.

Stage: ledger -> **outlets** -> Prometheus, people. `metrics` renders the exposition, `server` answers with it,
`reference` writes docs/metrics.md, `report` builds the tables of `athena-exporter report`.
"""
