"""Wall time over task counts, a line a model, labelled at its end."""

from __future__ import annotations

from math import log10

from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from .figure import FONT, WIDTH, Sheet, shortened, text_width
from .theme import LINES, OTHER_LINE, light
from .words import duration, listed, tick, times

HEIGHT, TOP, BOTTOM, LEFT = 330, 26, 52, 74
APART = 17


def draw(sweep) -> Sheet:
    """Both axes logarithmic: twice the tasks in twice the time is a straight line."""
    lines = {m: sorted(sweep.walls(m).items()) for m in sweep.models}
    counts = sorted({n for line in lines.values() for n, _ in line})
    times = [t for line in lines.values() for _, t in line]
    notes = {m: f"{shortened(m, 150)} {duration(line[-1][1])}" for m, line in lines.items()}
    right = 50 + 1.08 * max(text_width(note) for note in notes.values())
    width, height = WIDTH - LEFT - right, HEIGHT - TOP - BOTTOM
    sheet = Sheet(HEIGHT)
    axes = sheet.axes(LEFT, TOP, width, height)
    low, high = min(times) / 1.5, max(times) * 1.5
    first, last = counts[0] / 1.12, counts[-1] * 1.12
    axes.set(xscale="log", yscale="log", xlim=(first, last), ylim=(low, high))
    _ticks(axes, counts, width, high / low)
    ends = {}
    for model, line in lines.items():
        colour, marker, style = LINES.get(model, OTHER_LINE)
        ns, walls = zip(*line, strict=True)
        axes.plot(ns, walls, color=light(colour), lw=2.4, ls=style, marker=marker, ms=8,
                  mec=light("bg"), mew=0.8, clip_on=False)  # fmt: skip
        x = LEFT + log10(ns[-1] / first) / log10(last / first) * width
        ends[model] = x, TOP + (1 - log10(walls[-1] / low) / log10(high / low)) * height
    places = spread({m: y for m, (_, y) in ends.items()}, APART, TOP, HEIGHT - BOTTOM)
    label = LEFT + width + 26
    for model, (x, y) in ends.items():
        colour, marker, _ = LINES.get(model, OTHER_LINE)
        sheet.page.plot([x + 8, label - 6], [y, places[model]], color=light(colour), lw=0.9,
                        ls=(0, (1, 2)))  # fmt: skip
        sheet.page.plot([label + 2], [places[model]], marker=marker, ms=7, color=light(colour))
        sheet.text(label + 12, places[model], notes[model], va="center", bold=True)
    sheet.text(8, 15, "wall time, median (logarithmic)", size=FONT - 0.5, colour="mute")
    sheet.text(LEFT, HEIGHT - 10, "tasks (logarithmic)", size=FONT - 0.5, colour="mute")
    return sheet


def _ticks(axes, counts: list[int], width: float, times: float) -> None:
    shown, last = [], None
    for count in counts:  # every count that was run, where there is room for it
        place = log10(count) * width / max(0.1, log10(counts[-1] / counts[0]) + 0.1)
        if last is None or place - last > 44:
            shown.append(count)
            last = place
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    subs = (1.0, 2.0, 5.0) if times < 30 else (1.0, 3.0) if times < 1000 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(10, subs=subs, numticks=20))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: tick(v)))
    axes.grid(True)


def spread(places: dict[str, float], apart: float, low: float, high: float) -> dict[str, float]:
    """Places at least `apart` pixels from one another, as near as may be to where they were."""
    names = sorted(places, key=places.__getitem__)
    groups: list[tuple[list[str], float]] = []  # names, and the middle they would like
    for name in names:
        groups.append(([name], places[name]))
        while len(groups) > 1:
            (upper, above), (lower, below) = groups[-2:]
            if below - above >= apart * (len(upper) + len(lower)) / 2:
                break
            count = len(upper) + len(lower)
            groups[-2:] = [(upper + lower, (above * len(upper) + below * len(lower)) / count)]
    placed = {}
    for members, middle in groups:
        half = apart * (len(members) - 1) / 2
        middle = min(max(middle, low + half), high - half)
        placed.update({name: middle - half + k * apart for k, name in enumerate(members)})
    return placed


def caption(sweep) -> str:
    """How each model's time grew, and which is the smallest at the end."""
    counts = list(sweep.points)
    grown: dict[tuple[int, int], list[str]] = {}
    for model in sweep.models:
        walls = sorted(sweep.walls(model).items())
        (a, first), (b, last) = walls[0], walls[-1]
        if a < b:
            each = grown.setdefault((a, b), [])
            grew = "" if each else " came to take"
            each.append(f"{model}{grew} {times(last / first)}{'' if each else ' as long'}")
    ranges = sorted(grown, key=lambda ends: -ends[1])
    text = " ".join(f"From {a:,} to {b:,} tasks, {listed(grown[a, b])}." for a, b in ranges)
    text = text or "Each point is a median."
    last = counts[-1]
    if len(sweep.points[last].models) > 1:
        closest = sweep.points[last].verdicts()[0]
        text += (f" At {last:,} tasks, {closest.first} is the fastest." if closest.claim == "faster"
                 else f" At {last:,} tasks, {closest.first} and {closest.second} are too close to "
                      f"name a fastest.")  # fmt: skip
    return text


def alt(sweep) -> str:
    """The lines in words: every point."""
    parts = []
    for model in sweep.models:
        walls = sorted(sweep.walls(model).items())
        points = ", ".join(f"{n:,} tasks {duration(t)}" for n, t in walls)
        parts.append(f"{model}: {points}")
    return f"Wall time over the number of tasks. {'; '.join(parts)}."
