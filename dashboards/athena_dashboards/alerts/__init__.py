"""Alert rules and their routing: one table, three renderings.

Stage: signals, thresholds, boards -> **alerts** -> build.
"""
