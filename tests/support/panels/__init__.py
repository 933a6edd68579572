"""Every query of every panel, asked of a world that has lived for a month: what `make panels` prints, and its tests.

Stage: `past` lives the month through the exporter's own code, `openmetrics` writes what it exposed, `world` puts a
real Prometheus and a live exporter behind it, `grafana` says how a question is put, `asking` puts them all.
"""
