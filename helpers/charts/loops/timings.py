"""The times of several ways: every round a dot, the median a line."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..figure import FONT, WIDTH, Sheet, boxes, shortened, text_width
from ..theme import light
from ..words import duration, listed, tick

ROW, TOP, AXIS, LEGEND = 36, 8, 46, 26


def draw(result) -> Sheet:
    """A row a way, from 0."""
    labels = result.labels
    names = {label: shortened(label, 260) for label in labels}
    notes = {label: _note(result, label) for label in labels}
    left = 18 + max(text_width(name) for name in names.values())
    right = 24 + max(text_width(note) for note in notes.values())
    height = ROW * len(labels)
    sheet = Sheet(TOP + height + AXIS + LEGEND)
    axes = sheet.axes(left, TOP, WIDTH - left - right, height)
    most = max(value for label in labels for value in result.each(label))
    axes.set(xlim=(0, most * 1.06), ylim=(len(labels), 0))
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.grid(axis="x")
    for k, label in enumerate(labels):
        y, middle, each = k + 0.5, result.median(label), result.each(label)
        boxes(axes, [0], [middle], y - 0.27, y + 0.27, fill="bar")
        axes.plot([middle, middle], [y - 0.33, y + 0.33], color=light("run"), lw=2.6)
        axes.plot(each, [y] * len(each), ls="none", marker="o", ms=5.5, color=light("run"),
                  mec=light("bg"), mew=0.8, zorder=4)  # fmt: skip
        at = TOP + y * ROW
        sheet.text(left - 10, at, names[label], ha="right", va="center")
        sheet.text(WIDTH - right + 16, at, notes[label], va="center")
    words = f"time of one of {result.per:,}" if result.per > 1 else "wall time"
    sheet.text(left, TOP + height + 38, words, size=FONT - 0.5, colour="mute")
    _legend(sheet, left, TOP + height + AXIS)
    return sheet


def _note(result, label: str) -> str:
    rounds = len(result.each(label))
    how = f"median of {rounds}" if rounds > 1 else "measured once"
    return f"{duration(result.median(label))}, {how}"


def _legend(sheet: Sheet, x: float, y: float) -> None:
    sheet.page.plot([x + 8], [y + 10], marker="o", ms=5.5, color=light("run"))
    sheet.text(x + 22, y + 14.5, "one measured run")
    x += 22 + text_width("one measured run") + 24
    sheet.page.plot([x + 8] * 2, [y + 1, y + 18], color=light("run"), lw=2.6)
    sheet.text(x + 22, y + 14.5, "median")


def caption(result) -> str:
    """All medians in a sentence."""
    parts = [f"{label} {duration(result.median(label))}" for label in result.labels]
    return f"Medians: {listed(parts)}."
