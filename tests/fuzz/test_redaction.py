"""No literal and no comment of any statement survives its redaction, whatever shape they have."""

import pytest
from fuzzing import ROUNDS, SEED, naming
from mutations import statements
from shapes import SECRET, secretive
from sql_corpus import STATEMENTS

from athena_exporter.sources.redaction import LONGEST_TEXT, redact
from athena_exporter.sources.skeleton import skeleton

DIGITS = "7319"
"""In every number, and in the secret."""


def test_no_literal_and_no_comment_survives() -> None:
    for sql in secretive(seed=SEED, rounds=ROUNDS):
        with naming(sql):
            shown = redact(sql)
            assert SECRET not in shown
            assert DIGITS not in shown
            assert shown.strip(), "a statement is not nothing"


def test_redaction_is_final() -> None:
    """What was redacted holds nothing that would be redacted: nothing of it was taken for something else."""
    for sql in secretive(seed=SEED, rounds=ROUNDS // 10):
        with naming(sql):
            shown = redact(sql)
            assert redact(shown) == shown


@pytest.mark.no_cover
def test_no_statement_is_an_exception_and_none_is_long() -> None:
    for sql in statements(STATEMENTS, seed=SEED, rounds=ROUNDS):
        with naming(sql):
            assert len(redact(sql).encode()) < LONGEST_TEXT + 100
            skeleton(sql)
