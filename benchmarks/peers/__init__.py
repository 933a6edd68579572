"""Exporters of CloudWatch's metrics and this one, side by side on one embedded account (`make peers`).

Stage: tools (what is needed, in a cache) -> account, programs (processes in a network of their own) -> scraping ->
reading -> judging -> report -> docs/benchmarks.md.
"""
