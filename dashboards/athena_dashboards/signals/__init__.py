"""What the data answer: one module a subject, one constant a signal.

Stage: promql, queries, thresholds -> **signals** -> boards (where they stand), alerts (what is watched). Signals of one
module stand in the order: summary, who, why, detail.
"""
