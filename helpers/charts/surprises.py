"""Surprises: a row a prediction, how far what was said lies from what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..course.entry import Entry
from ..course.surprises import RIGHT_WITHIN, amount, factor, ratio
from .figure import FONT, WIDTH, Sheet, boxes, shortened
from .theme import light

LANE, TOP, AXIS = 34, 26, 46
LEFT, RIGHT = 290, 190
SMALL = FONT - 1


def drawable(found: Sequence[Entry]) -> list[Entry]:
    """The entries with a ratio: a wrong choice has none."""
    return [entry for entry in found if ratio(entry) is not None]


def draw(found: Sequence[Entry]) -> Sheet:
    """`found` from the top down; said over measured on a logarithmic axis around 1."""
    found = drawable(found)
    height, width = LANE * len(found), WIDTH - LEFT - RIGHT
    sheet = Sheet(TOP + height + AXIS)
    axes = sheet.axes(LEFT, TOP, width, height)
    most = max(max(r, 1 / r) for r in map(ratio, found) if r is not None) * 1.35
    axes.set(xscale="log", xlim=(1 / most, most), ylim=(height, 0))
    axes.set_yticks([])
    axes.xaxis.set_major_locator(FixedLocator(_ticks(most)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _times(value)))
    axes.grid(axis="x")
    boxes(axes, [1 / RIGHT_WITHIN], [RIGHT_WITHIN], 0, height, fill="band")
    axes.axvline(1, color=light("run"), lw=2.4, zorder=2)
    for k, entry in enumerate(found):
        y, off = LANE * (k + 0.5), ratio(entry)
        axes.plot([1, off], [y, y], color=light("edge"), lw=1.4, ls=(0, (1, 1.6)), zorder=1.5)
        axes.plot([off], [y], ls="none", marker="D", ms=8.5, mfc=light("bg"), mew=2,
                  color=light("ready"), zorder=3)  # fmt: skip
        top = TOP + y
        sheet.text(2, top - 3, shortened(entry.title, LEFT - 20), bold=True)
        sheet.text(2, top + 12, shortened(entry.about, LEFT - 20, SMALL), size=SMALL,
                   colour="mute")  # fmt: skip
        words = f"{amount(entry.said)}, was {amount(entry.measured, entry.unit)}"
        sheet.text(WIDTH - RIGHT + 16, top, shortened(words, RIGHT - 16, SMALL), size=SMALL,
                   va="center")  # fmt: skip
    sheet.text(LEFT, TOP - 10, "you said less", size=SMALL, colour="mute")
    sheet.text(LEFT + width, TOP - 10, "you said more", size=SMALL, colour="mute", ha="right")
    sheet.text(WIDTH - RIGHT + 16, TOP - 10, "you said, it was", size=SMALL, colour="mute")
    sheet.text(LEFT, TOP + height + 38, "said ÷ measured, logarithmic axis", size=SMALL,
               colour="mute")  # fmt: skip
    return sheet


def _ticks(most: float) -> list[float]:
    steps = [s for s in (2, 5, 10, 100, 1_000, 10_000, 100_000) if s < most]
    if most > 30:
        steps = [s for s in steps if s >= 10]
    return sorted([1.0, *steps, *(1 / s for s in steps)])


def _times(value: float) -> str:
    return f"{value:,.0f}×" if value >= 1 else f"1/{1 / value:,.0f}"


def caption() -> str:
    """How to read the picture."""
    return ("A diamond is what you said, divided by what was measured. On the line it would be "
            "the same; the band beside it counts as right.")  # fmt: skip


def alt(found: Sequence[Entry]) -> str:
    """What the picture shows, in words."""
    parts = [f"{e.title}, {e.about}: {_side(ratio(e))}" for e in drawable(found)]
    return f"Predictions that were furthest off. {'; '.join(parts)}."


def _side(off: float | None) -> str:
    if off is None:  # a wrong choice, which is not drawn
        return "wrong"
    return f"{factor(max(off, 1 / off))} too {'high' if off > 1 else 'low'}"
