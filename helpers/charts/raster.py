"""More tasks than lanes: an image of task × time over the count of tasks in flight."""

from __future__ import annotations

import numpy as np

from ..measure.trace import COMPUTING_IN_C, READY, RUNNING, UNSEEN, WAITING
from .figure import FONT
from .theme import COLOURS, STATES, light

IMAGE, BETWEEN, COUNT = 210, 30, 120
HEIGHT = IMAGE + BETWEEN + COUNT
ORDER = (RUNNING, COMPUTING_IN_C, READY, WAITING, UNSEEN)


def stretches(y: float) -> list[tuple[float, float]]:
    """Top and bottom of the image and of the count, for the lines across them."""
    return [(y, y + IMAGE), (y + IMAGE + BETWEEN, y + HEIGHT)]


def draw(panel, y: float, *, first: bool, tallest: int) -> None:
    """The image and the count of one panel."""
    facts, sheet = panel.facts, panel.sheet
    columns = int(panel.width * 1.5)
    image = panel.axes(y, IMAGE)
    found = weights(facts, panel.span, columns, int(IMAGE * 1.5))
    for k, theme in enumerate(("day", "night")):
        drawn = image.imshow(pixels(found, facts.tasks, int(IMAGE * 1.5), k),
                             extent=(0, panel.span, facts.tasks, 0), aspect="auto",
                             interpolation="none")  # fmt: skip
        drawn.set_gid(f"cav-{theme}")
    image.set(xlim=(0, panel.span), ylim=(facts.tasks, 0))
    count = panel.axes(y + IMAGE + BETWEEN, COUNT)
    panel.time_axis(count)
    levels, edges = in_flight(facts, panel.span, columns)
    base = np.zeros(columns)
    for state, level in levels.items():
        fill, hatch, colour, _ = STATES[state]
        top = base + level
        count.fill_between(edges, np.append(base, base[-1]), np.append(top, top[-1]), step="post",
                           facecolor=light(fill), hatch=hatch, linewidth=0,
                           edgecolor=light(colour or fill))  # fmt: skip
        base = top
    count.step(edges, np.append(base, base[-1]), where="post", color=light("edge"), lw=1)
    count.set_ylim(0, tallest * 1.08)
    sheet.text(panel.x, y + IMAGE + BETWEEN - 9, f"most in flight: {facts.peak:,}", bold=True)
    if first:
        _numbers(sheet, panel.x, y, IMAGE, facts.tasks, down=True)
        _numbers(sheet, panel.x, y + IMAGE + BETWEEN, COUNT, tallest, down=False)
        sheet.text(panel.x - 62, y - 6, "task", colour="mute", size=FONT - 0.5)
        sheet.text(panel.x - 62, y + IMAGE + BETWEEN - 9, "in flight", colour="mute",
                   size=FONT - 0.5)  # fmt: skip


def _numbers(sheet, x: float, y: float, height: float, most: int, *, down: bool) -> None:
    step = next(s * 10**p for p in range(1, 6) for s in (1, 2, 5) if most / (s * 10**p) <= 5)
    for value in range(0, most + 1, step):
        share = value / most if down else 1 - value / (most * 1.08)
        sheet.text(x - 8, y + share * height, f"{value:,}", ha="right", va="center",
                   size=FONT - 0.5)  # fmt: skip


def in_flight(facts, span: float, columns: int) -> tuple[dict, np.ndarray]:
    """Tasks in each state, as the mean over each column of `span` ns; only states present."""
    edges = np.linspace(0, span, columns + 1)
    levels = {}
    for state in ORDER:
        rows = facts.of(state)
        if len(rows):
            levels[state] = np.diff(_passed(rows[:, 2], rows[:, 3], edges)) / (span / columns)
    return levels, edges


def _passed(begin, end, edges) -> np.ndarray:
    """Summed time of all intervals up to each edge."""
    total = np.zeros(len(edges))
    for moments, sign in ((np.sort(begin), 1), (np.sort(end), -1)):
        before = np.searchsorted(moments, edges)
        sums = np.append(0, np.cumsum(moments, dtype=float))
        total += sign * (before * edges - sums[before])
    return total


def weights(facts, span: float, columns: int, most: int) -> np.ndarray:
    """Tasks in each state by row of the image and column of time, `span` ns in all."""
    rows = min(most, facts.tasks)
    found = np.zeros((len(ORDER), rows, columns + 1), dtype=np.float32)
    for k, state in enumerate(ORDER):
        cells = facts.of(state)
        if not len(cells):
            continue
        line = cells[:, 0] * rows // facts.tasks
        for moments, sign in ((cells[:, 2], 1), (cells[:, 3], -1)):
            place = np.clip(moments / span * columns, 0, columns - 1e-3)
            column = place.astype(np.int64)
            part = place - column  # the share of the column that lies before the moment
            flat = line * (columns + 1) + column
            grown = np.bincount(flat, sign * (1 - part), rows * (columns + 1))
            grown += np.bincount(flat + 1, sign * part, rows * (columns + 1))
            found[k] += grown.reshape(rows, columns + 1)
    return np.cumsum(found, axis=2)[:, :, :columns]


def pixels(found: np.ndarray, tasks: int, most: int, theme: int) -> np.ndarray:
    """The image: each cell the mix of what its tasks did in its stretch of time."""
    found = found.copy()
    found[:2] *= 3  # what runs is brief: a hint of it must stay to be seen
    rows, columns = found.shape[1:]
    total = found.sum(0)
    colours = np.array([_rgb(COLOURS[STATES[s][0] if s != UNSEEN else "edge"][theme])
                        for s in ORDER], dtype=np.float32)  # fmt: skip
    mixed = np.tensordot(found.transpose(1, 2, 0), colours, 1)
    mixed /= np.maximum(total, 1e-6)[..., None]
    alpha = total * (rows / tasks) * 1.2
    ready = found[ORDER.index(READY)] / np.maximum(total, 1e-6)
    each = -(-most // rows)  # few tasks: rows of several pixels, so that stripes show
    mixed, alpha, ready = (np.repeat(part, each, axis=0) for part in (mixed, alpha, ready))
    down, across = np.ogrid[: len(alpha), :columns]
    alpha = np.minimum(alpha, 1) * (1 - 0.65 * ready * ((down + across) % 7 < 3))
    image = np.empty((*alpha.shape, 4), dtype=np.uint8)
    image[..., :3] = np.clip(mixed + 0.5, 0, 255)
    image[..., 3] = alpha * 255
    return image


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return red, green, blue
