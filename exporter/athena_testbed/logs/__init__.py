"""CloudWatch Logs: storage and API, with Logs Insights in `insights` beside it."""
