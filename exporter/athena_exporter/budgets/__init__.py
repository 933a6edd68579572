"""Scan budgets: whose queries count, in which window, against which limit, and what follows from it. Pure.

Stage: configuration -> **budgets** -> fold, which counts what they ask for -> report, metrics. Nothing here reads a
clock, a file or the ledger. What a running query has already scanned nobody knows before it ends: a budget counts
finished queries.
"""

from athena_exporter.budgets.advice import Advice, advise, advise_guard, amount_words, window_words
from athena_exporter.budgets.guard import (
    Circumstances,
    Enforced,
    Excess,
    Intent,
    Mode,
    Protected,
    Reason,
    Result,
    RunningQuery,
    Verdict,
    decide,
    is_wanted,
)
from athena_exporter.budgets.matching import Cells, Charge, Globs, Matcher, Query
from athena_exporter.budgets.model import COMPONENT_TAG, Allowance, Amount, Budget, Enforce, Match, Per, Tally, Unit
from athena_exporter.budgets.simulation import Crossing, Portion, Replay, Resolution
from athena_exporter.budgets.standing import BudgetState, Level, Nearest, Standing, Used, assess
from athena_exporter.budgets.windows import Calendar, Kept, Period, Rolling, Span, Window, cells_of, kept_from, span_at

__all__ = [
    "COMPONENT_TAG",
    "Advice",
    "Allowance",
    "Amount",
    "Budget",
    "BudgetState",
    "Calendar",
    "Cells",
    "Charge",
    "Circumstances",
    "Crossing",
    "Enforce",
    "Enforced",
    "Excess",
    "Globs",
    "Intent",
    "Kept",
    "Level",
    "Match",
    "Matcher",
    "Mode",
    "Nearest",
    "Per",
    "Period",
    "Portion",
    "Protected",
    "Query",
    "Reason",
    "Replay",
    "Resolution",
    "Result",
    "Rolling",
    "RunningQuery",
    "Span",
    "Standing",
    "Tally",
    "Unit",
    "Used",
    "Verdict",
    "Window",
    "advise",
    "advise_guard",
    "amount_words",
    "assess",
    "cells_of",
    "decide",
    "is_wanted",
    "kept_from",
    "span_at",
    "window_words",
]
