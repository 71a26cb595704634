"""One panel of the timeline: its title, the strip of who ran, and a lane for each task."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..measure.trace import COMPUTING_IN_C, HELD, READY, RUNNING, UNSEEN, WAITING
from .facts import Facts, levels
from .figure import FONT, boxes, shortened, text_width
from .theme import STATES
from .words import ns, strip_label

TITLE, LABEL, SAID, STRIP, SPACE = 24, 17, 20, 15, 8
#: In pixels: a narrower rectangle would not be seen at all; narrower than the other: no edge.
THINNEST, THIN = 0.7, 3.0
#: More rows than this in a panel: columns of pixels instead of rectangles.
MANY = 4000
#: What is this much shorter than the scale gets a second, enlarged view of itself.
SMALL = 1 / 5
ORDER = (WAITING, UNSEEN, READY, COMPUTING_IN_C, RUNNING)


class Panel:
    """One model's part of the figure: `span` ns in `width` pixels, from (x, y) on."""

    def __init__(self, sheet, facts: Facts, x, y, width, span, gil) -> None:
        self.sheet, self.facts, self.gil = sheet, facts, gil
        self.x, self.y, self.width, self.span = x, y, width, span
        self.line_from = y

    def at(self, moment: float) -> float:
        """The place on the sheet of a moment, in ns."""
        return self.x + moment / self.span * self.width

    def title(self) -> None:
        """The model and its measured time, above all."""
        name, wall = self.facts.model, ns(self.facts.wall)
        name = shortened(name, self.width - 1.1 * text_width(f": {wall}", 15), 15 * 1.1)
        self.sheet.text(self.x, self.y + 16, f"{name}: {wall}", size=15, bold=True)

    def guess(self, y: float, moment: float, far: float) -> None:
        """The label of the learner's guess, in a row of its own, and its dashed line.

        `moment` and `far`, from where on it can't be shown, are in ns; `y` in pixels.
        """
        words = f"you said {ns(moment)}"
        if moment > far:
            self.guess_line = None
            self.sheet.text(self.x + self.width, y + 12, f"{words} →", ha="right")
            return
        half = text_width(words) / 2
        place = min(max(self.at(moment), self.x + half), self.x + self.width - half)
        self.sheet.text(place, y + 12, words, ha="center")
        self.guess_line = moment, y + 16

    #: The guess in ns, and where its line begins, in pixels; None where it is too far out.
    guess_line: tuple[float, float] | None = None

    def axes(self, y: float, height: float, span: float | None = None, x=None, width=None):
        """Axes over a stretch of this panel's height, their time axis set to `span` ns."""
        axes = self.sheet.axes(self.x if x is None else x, y, width or self.width, height)
        axes.set_xlim(0, span or self.span)
        axes.spines.bottom.set_visible(False)
        axes.set(xticks=[], yticks=[])
        return axes

    # --- the strip ------------------------------------------------------------------

    def strip_label(self, y: float) -> None:
        """What the strip shows, with how much of the time."""
        label = strip_label(self.facts, self.gil)
        self.sheet.text(self.x, y + 12, label, size=FONT - 0.5, colour="mute")

    def strip(self, y: float) -> None:
        """Who had the loop, the GIL or simply ran."""
        facts = self.facts
        self.line_from = y
        axes = self.axes(y, STRIP)
        axes.set_ylim(0, 1)
        boxes(axes, [0], [facts.wall], 0, 1, fill="bg", edge="grid")
        pixel = self.span / self.width
        most = facts.at_once(*facts.holding)
        for state in facts.holding:
            rows = facts.of(state)
            fill, hatch, colour, _ = STATES[RUNNING if state == HELD else state]
            look: dict[str, Any] = {"fill": fill, "hatch": hatch, "hatch_colour": colour}
            if most > 1:  # several at once: as high as they are many
                moments, level = levels(rows[:, 2], rows[:, 3])
                up = np.minimum(level[:-1] / most, 1.0)
                boxes(axes, moments[:-1], moments[1:], 0, up, **look)
                continue
            rows = rows[np.argsort(rows[:, 2])]
            begin, end = _joined(rows[:, 2], rows[:, 3], 0.3 * pixel)
            boxes(axes, begin, np.maximum(end, begin + THINNEST * pixel), 0, 1, **look)
        if most == 1:
            self._holders(axes, y, pixel)

    def _holders(self, axes, y: float, pixel: float) -> None:
        """A hair line where the holder changes, and its number where there is room."""
        joined = self.facts.holders
        wide = joined[:, 2] - joined[:, 1] > 4 * pixel
        new = joined[1:, 1][wide[1:] | wide[:-1]]
        boxes(axes, new - 0.5 * pixel, new + 0.5 * pixel, 0, 1, fill="bg")
        rows = self.facts.of(HELD, RUNNING) if not self.facts.looped else self.facts.of(HELD)
        for task, _, begin, end in rows[rows[:, 3] - rows[:, 2] > 15 * pixel]:
            self.sheet.text(self.at((begin + end) / 2), y + STRIP - 3.5, str(task),
                            size=FONT - 1.3, colour="bg", ha="center")  # fmt: skip

    # --- the lanes ------------------------------------------------------------------

    def lanes(self, y: float, height: float, numbered: bool) -> None:
        """One lane a task, in the order of the tasks."""
        n = self.facts.tasks
        axes = self.axes(y, height)
        axes.set_ylim(n, 0)
        self.time_axis(axes)
        self._states(axes, self.span, self.width, height / n)
        if numbered:
            step = next(s for s in (1, 2, 5, 10, 20) if s * height / n >= 15)
            for task in range(0, n, step):
                self.sheet.text(self.x - 8, y + (task + 0.5) * height / n, f"task {task}",
                                ha="right", va="center", size=FONT - 0.5)  # fmt: skip
        self._enlarged(y, height)

    def time_axis(self, axes) -> None:
        """Ticks of time and faint lines at them."""
        axes.spines.bottom.set_visible(True)
        scale = 1e6 if self.span < 3e9 else 1e9
        most = max(2, int(self.width // 45))
        ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(0, self.span / scale)
        axes.set_xticks([t * scale for t in ticks if 0 <= t * scale <= self.span])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / scale:,.6g}"))
        axes.grid(axis="x")

    def _states(self, axes, span: float, width: float, lane: float) -> None:
        pixel = span / width
        many = len(self.facts.rows) > MANY
        pad = 0.5 - min(0.42, 0.5 - 0.6 / lane) if lane > 1.3 else 0.05
        columns = by_pixel(self.facts, span, int(width)) if many else {}
        for state in ORDER:
            if many:
                task, begin, end = columns[state]
            else:
                rows = self.facts.of(state)
                task, begin, end = rows[:, 0], rows[:, 2], rows[:, 3]
            keep = begin < span
            task, begin, end = task[keep], begin[keep], np.minimum(end[keep], span)
            fill, hatch, colour, edge = STATES[state]
            if state == RUNNING:
                end = np.maximum(end, begin + THINNEST * pixel)
            wide = end - begin > THIN * pixel
            for part, its_edge in ((~wide, None), (wide, edge)):
                low = task[part] + pad
                boxes(axes, begin[part], end[part], low, low + 1 - 2 * pad, fill=fill, hatch=hatch,
                      hatch_colour=colour, edge=its_edge if lane > 4 else None)  # fmt: skip

    def _enlarged(self, y: float, height: float) -> None:
        """Where the run is a sliver of the scale: the same again, in the empty space."""
        wall = self.facts.wall
        if wall > SMALL * self.span or height < 90:
            return
        start = self.at(wall) + 14
        if self.guess_line:
            place = self.at(self.guess_line[0])
            if place - start > 0.55 * self.width:  # room before the dashed line
                self._inset(start, place - 10, y, height)
                return
            start = max(start, place + 12)
        if self.x + self.width - start > 0.4 * self.width:
            self._inset(start, self.x + self.width, y, height)

    def _inset(self, left: float, right: float, y: float, height: float) -> None:
        wall, sheet = self.facts.wall, self.sheet
        frame = sheet.axes(left, y + 2, right - left, height - 6)
        frame.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(0, 1))
        frame.spines.bottom.set_visible(False)
        boxes(frame, [0], [1], 0, 1, fill="bg", edge="edge")
        x, width, top, bottom = left + 10, right - left - 20, y + 24, y + height - 24
        factor = self.span / wall * width / self.width
        scale = 1e6 if wall < 1e9 else 1e9  # ms, or s
        sheet.text(x, y + 18, f"enlarged {factor:.0f}×", size=FONT - 0.5, colour="mute")
        axes = self.axes(top, bottom - top, span=wall * 1.005, x=x, width=width)
        axes.set_ylim(self.facts.tasks, 0)
        self._states(axes, wall * 1.005, width, (bottom - top) / self.facts.tasks)
        locator = MaxNLocator(max(2, int(width // 60)), steps=[1, 2, 5, 10])
        ticks = [t for t in locator.tick_values(0, wall / scale) if 0 <= t * scale <= wall]
        axes.set_xticks([t * scale for t in ticks], [f"{t:g}" for t in ticks])
        axes.tick_params(pad=3)

    def marks(self, *stretches: tuple[float, float]) -> None:
        """The line at the measured end, and the dashed one at the learner's guess.

        `stretches` are the (top, bottom) that they cross below the strip.
        """
        lines: list[tuple[float, float, float, tuple[int, int] | None]]
        lines = [(self.at(self.facts.wall), self.line_from - 2, 1.8, None)]
        if self.guess_line:
            moment, start = self.guess_line
            lines.append((self.at(moment), start, 1.6, (4, 3)))
        for rim in (True, False):
            for x, start, width, dashes in lines:
                for top, bottom in ((start, stretches[0][1]), *stretches[1:]):
                    if rim:
                        self.sheet.line([x, x], [top, bottom], colour="bg", width=width + 2)
                    else:
                        self.sheet.line([x, x], [top, bottom], width=width, dashes=dashes)


def _joined(begin, end, gap: float):
    """Intervals in order, those less than `gap` apart made one."""
    if not len(begin):
        return begin, end
    reached = np.maximum.accumulate(end)
    new = np.append(True, begin[1:] - reached[:-1] > gap)
    first = np.nonzero(new)[0]
    return begin[first], np.append(reached[first[1:] - 1], reached[-1])


def by_pixel(facts: Facts, span: float, width: int) -> dict:
    """Each lane of `span` ns cut into `width` columns of one pixel, each of one state.

    Where states alternate faster than that, columns are dealt out so that every state
    gets its share of the time.
    """
    edges = np.linspace(0, span, width + 1)
    found: dict[int, list] = {state: [] for state in ORDER}
    for task in range(facts.tasks):
        shares = np.zeros((len(ORDER), width))
        own = facts.rows[facts.rows[:, 0] == task]
        for k, state in enumerate(ORDER):
            rows = own[own[:, 1] == state]
            if len(rows):
                rows = rows[np.argsort(rows[:, 2])]
                moments = rows[:, 2:].reshape(-1)
                passed = np.cumsum(rows[:, 3] - rows[:, 2])
                done = np.column_stack((passed - (rows[:, 3] - rows[:, 2]), passed)).reshape(-1)
                shares[k] = np.diff(np.interp(edges, moments, done)) / (span / width)
        owed = np.zeros(len(ORDER) + 1)
        picked = np.empty(width, int)
        rest = 1 - shares.sum(0)
        for column in range(width):
            owed[:-1] += shares[:, column]
            owed[-1] += rest[column]
            picked[column] = choice = int(np.argmax(owed))
            owed[choice] -= 1
        change = np.append(np.nonzero(np.diff(picked))[0] + 1, width)
        first = np.append(0, change[:-1])
        for a, b in zip(first, change, strict=True):
            if picked[a] < len(ORDER):
                found[ORDER[picked[a]]].append((task, edges[a], edges[b]))
    return {s: np.array(rows, float).reshape(-1, 3).T for s, rows in found.items()}
