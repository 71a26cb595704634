"""Many measured times of a few settings: every one a dot, on a logarithmic axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ..figure import FONT, Sheet, boxes, text_width
from ..theme import light
from ..words import tick

#: Above this a setting's dots are this many of its times, evenly ranked.
MOST_DOTS = 400
_GOLDEN = 0.6180339887


def limits(rows: list[list[float]], marks: Sequence[float] = ()) -> tuple[float, float]:
    """The ends of an axis that holds all values and marks, in seconds."""
    every = [value for row in rows for value in row if value > 0] + list(marks)
    return min(every) / 1.4, max(every) * 1.4


def time_axis(axes, low: float, high: float) -> None:
    """A logarithmic axis of seconds, with ticks that can be read."""
    axes.set(xscale="log", xlim=(low, high))
    decades = ceil(log10(high)) - floor(log10(low))
    subs = (1.0, 2.0, 5.0) if decades <= 3 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(10, subs=subs, numticks=20))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.grid(axis="x")


def row(axes, y: float, values: list[float], middle: float, low: float, high: float,
        asked: float | None = None) -> None:  # fmt: skip
    """One setting: its dots around y, the range of 8 in 10, the median, what was asked for."""
    ordered = sorted(values)
    if len(ordered) > MOST_DOTS:
        last = len(ordered) - 1
        ordered = [ordered[round(k * last / (MOST_DOTS - 1))] for k in range(MOST_DOTS)]
    # A fixed scatter: dots that are equally high hide each other.
    heights = [y + 0.5 * (k * _GOLDEN % 1 - 0.5) for k in range(len(ordered))]
    boxes(axes, [low], [high], y - 0.34, y + 0.34, fill="bar")
    axes.plot(ordered, heights, ls="none", marker="o", ms=3.4, color=light("run"),
              mec=light("bg"), mew=0.3, zorder=3)  # fmt: skip
    axes.plot([middle, middle], [y - 0.42, y + 0.42], color=light("fg"), lw=2.6, zorder=4)
    if asked is not None:
        axes.plot([asked], [y + 0.34], ls="none", marker="D", ms=8.5, color=light("ready"),
                  mfc="none", mew=2, zorder=5, clip_on=False)  # fmt: skip


def legend(sheet: Sheet, x: float, y: float, one: str, asked: str = "") -> None:
    """What dots, line and box mean; `one` is what a dot is, `asked` what the diamond is."""
    items = [("dot", one), ("median", "median"), ("box", "8 of 10")]
    if asked:
        items.append(("asked", asked))
    for kind, words in items:
        middle = x + 8
        if kind == "dot":
            sheet.page.plot([middle], [y + 10], marker="o", ms=4.5, color=light("run"))
        elif kind == "median":
            sheet.page.plot([middle] * 2, [y + 1, y + 18], color=light("fg"), lw=2.6)
        elif kind == "box":
            boxes(sheet.page, [x - 2], [x + 16], y + 2, y + 17, fill="bar")
        else:
            sheet.page.plot([middle], [y + 10], marker="D", ms=8.5, mfc="none",
                            color=light("ready"), mew=2)  # fmt: skip
        sheet.text(x + 24, y + 14.5, words, size=FONT)
        x += 24 + text_width(words) + 22
