"""The timeline: one lane a task, a strip of who ran above them, a panel a model."""

from __future__ import annotations

from typing import Any

from ..measure.trace import COMPUTING_IN_C, HELD, READY, RUNNING, UNSEEN, WAITING
from . import raster
from .facts import Facts
from .figure import FONT, WIDTH, Sheet, boxes, text_width
from .panel import LABEL, SAID, SPACE, STRIP, TITLE, Panel
from .theme import LEGEND, STATES

MOST_LANES = 60
LEFT, RIGHT, GAP, TICKS = 62, 14, 26, 26


def draw(all_facts: list[Facts], said: dict[str, float], gil: bool = True) -> Sheet:
    """All panels of the figure, at most three in a row, on one scale of time."""
    count = len(all_facts)
    columns = count if count <= 3 else 2 if count == 4 else 3
    rows = -(-count // columns)
    tasks = max(f.tasks for f in all_facts)
    lanes = tasks <= MOST_LANES
    height = lanes_height(tasks) if lanes else raster.HEIGHT
    guesses = [said[f.model] * 1e9 for f in all_facts if said.get(f.model)]
    span, far = time_range([f.wall for f in all_facts], guesses)
    top = TITLE + (SAID if guesses else 0) + LABEL + STRIP + SPACE
    panel_height = top + height + TICKS
    left = LEFT if lanes else LEFT + 6
    width = (WIDTH - left - RIGHT - (columns - 1) * GAP) / columns
    legend = 24 * _legend(None, all_facts, left, 0, bool(guesses))
    sheet = Sheet(rows * panel_height + 8 * rows + 24 + legend)
    for k, facts in enumerate(all_facts):
        x, y = left + k % columns * (width + GAP), k // columns * (panel_height + 8)
        panel = Panel(sheet, facts, x, y, width, span, gil)
        panel.title()
        y += TITLE
        panel.strip_label(y)
        y += LABEL
        if guesses:
            if said.get(facts.model):
                panel.guess(y, said[facts.model] * 1e9, far)
            y += SAID
        panel.strip(y)
        y += STRIP + SPACE
        if lanes:
            panel.lanes(y, height, numbered=k % columns == 0)
        else:
            raster.draw(panel, y, first=k % columns == 0, tallest=max(f.peak for f in all_facts))
        panel.marks(*([(y, y + height)] if lanes else raster.stretches(y)))
    bottom = rows * panel_height + 8 * (rows - 1)
    unit = "ms" if span < 3e9 else "s"
    same = ", the same scale in every panel" if count > 1 else ""
    sheet.text(left, bottom + 14, f"{'milliseconds' if unit == 'ms' else 'seconds'} since the "
               f"start{same}", size=FONT - 0.5, colour="mute")  # fmt: skip
    _legend(sheet, all_facts, left, bottom + 26, bool(guesses))
    return sheet


def lanes_height(tasks: int) -> float:
    """The height of all lanes in pixels: roomy for a few tasks, never taller than a screen."""
    return min(max(110, tasks * 22), 110 + tasks * 5) if tasks > 5 else max(70, tasks * 22)


def time_range(walls: list[int], guesses: list[float]) -> tuple[float, float]:
    """The end of the time axis, and from where on a guess is too far out to show.

    `walls` and `guesses` are in ns, and so are the two.
    """
    longest = max(walls)
    far = 3 * longest
    shown = [guess for guess in guesses if guess <= far]
    return max([longest, *shown]) * 1.04, far


def _legend(sheet, all_facts: list[Facts], left: float, y: float, guesses: bool) -> int:
    """The legend under the panels; gives its rows, and only counts them without a sheet."""
    present = set().union(*(f.totals for f in all_facts)) - {HELD}
    items: list[tuple[Any, str]]
    items = [(state, LEGEND[state]) for state in (RUNNING, COMPUTING_IN_C, READY, WAITING, UNSEEN)
             if state in present]  # fmt: skip
    items.append(("end", "end, as measured"))
    if guesses:
        items.append(("said", "you said"))
    x, rows = left, 1
    for kind, words in items:
        width = 34 + text_width(words) + 22
        if x + width > WIDTH and x > left:
            x, rows = left, rows + 1
        if sheet:
            _entry(sheet, kind, words, x, y + (rows - 1) * 24)
        x += width
    return rows


def _entry(sheet, kind, words: str, x: float, y: float) -> None:
    if kind in ("end", "said"):
        dashes = (4, 3) if kind == "said" else None
        sheet.line([x + 13, x + 13], [y, y + 16], width=1.8, dashes=dashes)
    else:
        fill, hatch, colour, edge = STATES[kind]
        boxes(sheet.page, [x], [x + 26], y + 1, y + 15, fill=fill, hatch=hatch,
              hatch_colour=colour, edge=edge)  # fmt: skip
    sheet.text(x + 34, y + 12.5, words)
