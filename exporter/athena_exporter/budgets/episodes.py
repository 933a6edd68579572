"""Since when a subject has been at a level of a rolling window, without a break: what makes it one episode. Pure.

A calendar window begins anew by itself; a rolling one never does, so that an episode takes its place. It is told from
the sums alone: whoever looks again, later or after a restart, finds the same beginning.
"""

from collections.abc import Mapping

from athena_exporter.budgets.windows import Rolling, cell_at


def began_ms(window: Rolling, cells: Mapping[int, int], now_ms: int, least: int) -> int:
    """The first millisecond of the cell from which on the window has held `least` or more until now.

    `cells` leads from the beginnings of cells to their sums, over the window of the present and the one before it. It
    looks back one window, not further. The window has to hold as much at `now_ms`.
    """
    step, cells_in_window = window.cell_ms, window.length_ms // window.cell_ms
    start_ms = cell_at(window, now_ms).start_ms
    held = sum(cells.get(start_ms - place * step, 0) for place in range(cells_in_window))
    for _ in range(cells_in_window):
        # One cell earlier, the newest was not there yet, and the one that has left since still was.
        held += cells.get(start_ms - window.length_ms, 0) - cells.get(start_ms, 0)
        if held < least:
            break
        start_ms -= step
    return start_ms
