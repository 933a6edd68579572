"""Where on the dashboards a rule's figure is shown."""

from collections.abc import Iterable

from athena_dashboards.alerts.model import Rule, RuleError
from athena_dashboards.boards import BOARDS
from athena_dashboards.model import Dashboard, Panel


def panel_id(rule: Rule, boards: Iterable[Dashboard] = BOARDS) -> int:
    """The id of the panel that shows the rule's signal on the dashboard that the rule names.

    Raises:
        RuleError: there is no such dashboard, or it has no such panel; names both and what it has.
    """
    board = next((one for one in boards if one.uid == rule.shown.board), None)
    if board is None:
        raise RuleError(f"rule {rule.title}: there is no dashboard {rule.shown.board!r} for its link")
    for panel in board.panels():
        if isinstance(panel, Panel) and panel.signal == rule.shown.signal:
            return panel.id
    raise RuleError(
        f"rule {rule.title}: no panel of {board.uid} shows its signal {rule.shown.signal.title!r}; "
        "put it on the board, or link the rule to another one"
    )
