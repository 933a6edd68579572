"""CloudWatch Logs Insights for the embedded account: a strict part of its language, and exact answers.

`parser.parsed` reads a query or refuses it, `pipeline.evaluate` runs it over records, `service.Insights` is the API.
What AWS has and this does not (joins, patterns, anomalies, SOURCE, facets) is refused like a typing error, so that
no query can seem to work by accident.
"""
