"""`make demo`: the embedded account, the exporter and Prometheus on this machine, and what they say in a terminal.

Stage: `__main__` -> run -> parts (what is started, and how), child (one process), ports; then figures (what the
exporter's page says) -> screen, and at the end comparison (page against truth). The exporter is a process among
others here: nothing of it is imported.
"""
