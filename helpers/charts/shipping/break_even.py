"""How large a task must be: the gain over a plain loop, over the size of a task."""

from __future__ import annotations

from math import log

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..figure import FONT, WIDTH, Sheet
from ..theme import light
from ..words import duration, number, times
from . import looks

HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 400, 30, 78, 66, 200
HEADS = ["", "tasks", "plain loop, ms", "median, ms", "times as fast", "interval", "rounds"]


def draw(result) -> Sheet:
    """Both axes logarithmic; above 1× the executor pays."""
    sheet = Sheet(HEIGHT)
    tall = HEIGHT - TOP - BOTTOM
    axes = sheet.axes(LEFT, TOP, WIDTH - LEFT - RIGHT, tall)
    gains = {(e, s): result.gain(e, s) for e in result.executors for s in result.sizes}
    every = [gain.ratio for gain in gains.values()]
    low = min(0.5, *every) / 1.25
    high = max(2.0, result.machine.cores, *every) * 1.25
    sizes = list(result.sizes)
    axes.set(xscale="log", yscale="log", xlim=(sizes[0] / 1.3, sizes[-1] * 1.3), ylim=(low, high))
    marks = [m for m in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16) if low <= m <= high]
    axes.yaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} ms"))
    axes.grid(True)
    axes.axhline(1, color=light("fg"), lw=1.6)
    if result.machine.cores > 1:
        axes.axhline(min(result.workers, result.machine.cores), color=light("edge"), lw=1.4,
                     ls=(0, (4, 3)))  # fmt: skip
    ends = {}
    for name in result.executors:
        found = [gains[name, size] for size in sizes]
        ranges = [[g.low, g.high] if g.low else [g.ratio] for g in found]
        looks.line(axes, name, sizes, ranges, [g.ratio for g in found])
        ends[name] = looks.height(axes, found[-1].ratio, TOP, tall)
    said = {name: f"{name} {times(gains[name, sizes[-1]].ratio)}" for name in result.executors}
    looks.labels(sheet, WIDTH - RIGHT + 22, ends, said, TOP, HEIGHT - BOTTOM)
    _guesses(axes, result)
    sheet.text(8, 16, "times as fast as a plain loop", size=FONT - 0.5, colour="mute")
    sheet.text(LEFT, HEIGHT - 38, "work in one task (both axes logarithmic); upright bars: the "
               "interval", size=FONT - 0.5, colour="mute")  # fmt: skip
    _legend(sheet, bool(result.said), result.machine.cores > 1)
    return sheet


def _guesses(axes, result) -> None:
    first, last = log(result.sizes[0] / 1.3), log(result.sizes[-1] * 1.3)
    for name, ms in result.said.items():
        if first <= log(ms) <= last:
            colour = looks.LOOKS.get(name, looks.OTHER)[0]
            axes.plot([ms], [1], ls="none", marker="D", ms=12, mfc="none", mew=2.2,
                      color=light(colour), zorder=6)  # fmt: skip


def _legend(sheet: Sheet, said: bool, cores: bool) -> None:
    y, x = HEIGHT - 14, LEFT
    sheet.line([x, x + 26], [y - 4, y - 4], width=1.6)
    sheet.text(x + 34, y, "as fast as the loop")
    if cores:
        sheet.line([x + 190, x + 216], [y - 4, y - 4], "edge", 1.4, dashes=(4, 3))
        sheet.text(x + 224, y, "the most that the cores allow")
    if said:
        sheet.page.plot([x + 450], [y - 4], marker="D", ms=10, mfc="none", mew=2,
                        color=light("fg"))  # fmt: skip
        sheet.text(x + 466, y, "you said")


def caption(result) -> str:
    """What each executor gained with the largest tasks, and lost with the smallest."""
    small, large = result.sizes[0], result.sizes[-1]
    parts = [f"{name} {times(result.gain(name, small).ratio)} at {small:g} ms, "
             f"{times(result.gain(name, large).ratio)} at {large:g} ms"
             for name in result.executors]  # fmt: skip
    return f"Speed beside a plain loop, {result.workers} workers each: {'; '.join(parts)}."


def rows(result) -> list[list]:
    """For the table: a row for each executor and size."""
    found = []
    for name in result.executors:
        for size in result.sizes:
            gain, walls = result.gain(name, size), sorted(result.times[name, size])
            plain = sorted(result.times["plain loop", size])
            interval = f"{gain.low:.2f} to {gain.high:.2f}" if gain.low else "–"
            found.append([f"{name}, {size:g} ms a task", result.tasks[size],
                          number(plain[len(plain) // 2] * 1e3, 1),
                          number(walls[len(walls) // 2] * 1e3, 1), number(gain.ratio, 2),
                          interval, len(walls)])  # fmt: skip
    return found


def added_words(result) -> str:
    """What a task costs beyond its work, in a batch of the smallest tasks."""
    small = result.sizes[0]
    parts = [f"{name} {duration(max(0.0, result.added(name)))}" for name in result.executors]
    return f"In a batch of tasks of {small:g} ms, a task cost beyond its work: {', '.join(parts)}."
