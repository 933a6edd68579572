"""Prometheus exporter for Amazon Athena: every query counted once, for the right person, at the right price."""

__version__ = "0.1.0"
