"""Ways to do the same thing: every round a dot, a row a way."""

from __future__ import annotations

from ..figure import FONT, WIDTH, Sheet, shortened, text_width
from ..gil import spread
from ..words import duration, listed, number

ROW, TOP, BOTTOM, RIGHT = 34, 12, 62, 90
HEADS = ["", "median, ms", "shortest, ms", "longest, ms", "rounds"]


def draw(result) -> Sheet:
    """Time on a logarithmic axis; the median is written beside each row."""
    names = list(result.walls)
    left = min(300, 22 + max(text_width(name) for name in names))
    tall = ROW * len(names)
    sheet = Sheet(TOP + tall + BOTTOM)
    axes = sheet.axes(left, TOP, WIDTH - left - RIGHT, tall)
    low, high = spread.limits(list(result.walls.values()))
    spread.time_axis(axes, low, high)
    axes.set(ylim=(len(names) - 0.5, -0.5), yticks=[])
    for k, name in enumerate(names):
        values = sorted(result.walls[name])
        edge = round(0.1 * (len(values) - 1))
        spread.row(axes, k, values, result.wall(name), values[edge], values[-1 - edge])
        y = TOP + ROW * (k + 0.5)
        sheet.text(left - 12, y, shortened(name, left - 16), ha="right", va="center")
        sheet.text(WIDTH - RIGHT + 12, y, duration(result.wall(name)), va="center", bold=True)
    spread.legend(sheet, left, TOP + tall + 34, "a round")
    sheet.text(WIDTH - RIGHT - 4, TOP + tall + 48, "logarithmic", size=FONT - 0.5, colour="mute",
               ha="right")  # fmt: skip
    return sheet


def caption(result) -> str:
    """The medians, from the shortest on."""
    ordered = sorted(result.walls, key=result.wall)
    rounds = len(result.walls[ordered[0]])
    return (f"Medians of {rounds} round{'' if rounds == 1 else 's'}: "
            f"{listed(f'{name} {duration(result.wall(name))}' for name in ordered)}.")  # fmt: skip


def rows(result) -> list[list]:
    """For the table: a row a way."""
    return [[name, number(result.wall(name) * 1e3, 1), number(min(walls) * 1e3, 1),
             number(max(walls) * 1e3, 1), len(walls)]
            for name, walls in result.walls.items()]  # fmt: skip
