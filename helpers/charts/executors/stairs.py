"""Time over the number of jobs in a pool: every run a dot, beside what rounds would take."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from ..figure import FONT, WIDTH, Sheet, text_width
from ..theme import light
from ..words import counted, milliseconds

HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 330, 48, 82, 66, 14
MOST_LINES = 8


def draw(result) -> Sheet:
    """Both axes linear from zero: a stair is as wide as the pool and as high as a job."""
    sheet = Sheet(HEIGHT)
    counts, ms = result.counts, result.ms
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    axes = sheet.axes(LEFT, TOP, width, height)
    first, last = counts[0] - 0.8, counts[-1] + 0.8
    slowest = max(wall for walls in result.walls.values() for wall in walls) * 1e3
    top = 1.08 * max(slowest, result.expected(counts[-1]) * 1e3)
    axes.set(xlim=(first, last), ylim=(0, top))
    _ticks(axes, result, top)
    for edge in range(result.pool, counts[-1], result.pool):
        axes.axvline(edge + 0.5, color=light("edge"), lw=1.2, ls=(0, (4, 3)))
    xs = [x for n in counts for x in (n - 0.5, n + 0.5)]
    ys = [result.expected(n) * 1e3 for n in counts for _ in range(2)]
    axes.plot(xs, ys, color=light("m1"), lw=1.8, ls=(0, (6, 2)), zorder=2)
    for n in counts:
        walls = [wall * 1e3 for wall in result.walls[n]]
        axes.plot([n] * len(walls), walls, ls="none", marker="o", ms=6, color=light("m2"),
                  mec=light("bg"), mew=0.7, zorder=3)  # fmt: skip
    if result.limited:
        _widths(sheet, result, first, width / (last - first))
    sheet.text(8, 16, "wall time, ms", size=FONT - 0.5, colour="mute")
    sheet.text(LEFT, HEIGHT - 42, "jobs handed over at once", size=FONT - 0.5, colour="mute")
    _legend(sheet, LEFT, HEIGHT - 26, f"ceil(jobs / {result.pool}) × {ms:g} ms")
    return sheet


def _ticks(axes, result, top: float) -> None:
    rounds = int(top / result.ms)
    if rounds <= MOST_LINES:
        axes.yaxis.set_major_locator(FixedLocator([k * result.ms for k in range(rounds + 1)]))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    counts = result.counts
    apart = max(1, -(-len(counts) // 24))
    axes.xaxis.set_major_locator(FixedLocator(counts[::apart]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="y")


def _widths(sheet: Sheet, result, first: float, pixels: float) -> None:
    """Above each whole stair an arrow from edge to edge: that is the pool."""
    words = counted(result.pool, "thread")
    for edge in range(0, result.counts[-1] - result.pool + 1, result.pool):
        if edge + 1 < result.counts[0]:
            continue
        a, b = (LEFT + (x + 0.5 - first) * pixels for x in (edge, edge + result.pool))
        if b - a < text_width(words) + 30:
            continue
        middle, half = (a + b) / 2, text_width(words) / 2 + 6
        for x0, x1 in ((a + 3, middle - half), (middle + half, b - 3)):
            sheet.line([x0, x1], [TOP - 14, TOP - 14], "mute", 1.0)
        for x in (a + 3, b - 3):
            sheet.line([x, x], [TOP - 19, TOP - 9], "mute", 1.0)
        sheet.text(middle, TOP - 10, words, ha="center", size=FONT - 0.5)


def _legend(sheet: Sheet, x: float, y: float, law: str) -> None:
    sheet.page.plot([x + 8], [y + 10], marker="o", ms=6, color=light("m2"))
    sheet.text(x + 22, y + 14.5, "one measured run")
    sheet.line([x + 160, x + 190], [y + 10, y + 10], "m1", 1.8, dashes=(6, 2))
    sheet.text(x + 198, y + 14.5, f"rounds of the pool: {law}")


def caption(result) -> str:
    """Where the steps are, as measured."""
    if not result.limited:
        return (f"Up to {counted(result.counts[-1], 'job')}, each had a thread of its own: one "
                f"step.")  # fmt: skip
    parts = []
    for before, after in pairwise(result.steps()):
        a, b = before[-1], after[0]
        parts.append(f"{a:,} jobs took {milliseconds(result.wall(a))} ms, {b:,} took "
                     f"{milliseconds(result.wall(b))} ms")  # fmt: skip
    runs = len(result.walls[result.counts[0]])
    how = f"Medians of {runs} runs." if runs > 1 else "One run each."
    return f"{'; '.join(parts)}. {how}"


HEADS = ["jobs", "threads seen", "rounds of the pool", "median, ms", "fastest, ms",
         "slowest, ms"]  # fmt: skip


def rows(result) -> list[list]:
    """For the table: a row for each number of jobs."""
    return [
        [f"{n:,}", result.threads[n], -(-n // result.pool), milliseconds(result.wall(n)),
         milliseconds(min(result.walls[n])), milliseconds(max(result.walls[n]))]
        for n in result.counts
    ]  # fmt: skip
