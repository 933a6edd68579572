"""Why these tests exist: a person acts on these lines, and names in them are chosen by strangers."""

import io
import json

from rich.console import Console

from athena_exporter.outlets.findings import Chapter, Finding, Mark, Result, show, to_json

HOSTILE = "etl\x1b[2J\u202e[red]x[/red]"


def finding(mark: Mark = Mark.OK, where: str = "1 eu-west-1", **more: object) -> Finding:
    told = {"chapter": Chapter.SETUP, "what": "clock", "words": "fine", "mark": mark, "where": where, **more}
    return Finding(**told)  # type: ignore[arg-type]  # a test names them right or fails


def shown(*findings: Finding, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    show(Result(findings=findings), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_outcome_follows_the_worst_mark() -> None:
    assert shown(finding(), finding(Mark.NOTE)).endswith("everything is there\n")
    assert shown(finding(Mark.UNKNOWN)).endswith("nothing is missing, 1 could not be tried\n")
    assert shown(finding(Mark.MISSING), finding(Mark.UNKNOWN)).endswith("1 missing\n")


def test_a_mend_stands_below_the_tables_with_its_statement() -> None:
    text = shown(finding(Mark.MISSING, mend="add it", statement={"Action": ["a:B"], "Effect": "Allow"}))
    assert text.index("fine") < text.index("what to do") < text.index("clock: add it")
    assert '{\n  "Action": ["a:B"],\n  "Effect": "Allow"\n}' in text


def test_the_target_is_named_only_where_there_are_several() -> None:
    assert "eu-west-1" not in shown(finding())
    text = shown(finding(), finding(where="2 us-east-1"), finding(where=""))
    assert "clock (1 eu-west-1)" in text
    assert "clock (2 us-east-1)" in text


def test_chapters_come_in_their_order_and_empty_ones_not_at_all() -> None:
    text = shown(finding(), finding(chapter=Chapter.PERMISSIONS))
    assert text.index("permissions") < text.index("set-up")
    assert "advice" not in text


def test_hostile_names_move_no_cursor_and_are_no_markup() -> None:
    text = shown(finding(Mark.MISSING, what=HOSTILE, words=HOSTILE, mend=HOSTILE))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red]x[/red]" in text


def test_json_holds_everything_and_is_ascii() -> None:
    text = to_json(Result(findings=[finding(Mark.MISSING, words=HOSTILE, principal="arn:x")]))
    assert text.isascii()
    told = json.loads(text)
    assert told["missing"] == 1
    assert told["findings"][0]["words"] == HOSTILE
    assert told["findings"][0]["principal"] == "arn:x"
    assert told["findings"][0]["mend"] is None
