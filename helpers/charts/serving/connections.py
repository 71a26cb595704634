"""Small multiples over the number of connections: what each server needs, side by side."""

from __future__ import annotations

from math import log10

from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from ...experiment.serving.connections import METRICS, Metric, with_unit
from ..figure import FONT, WIDTH, Sheet, text_width
from ..sweep import spread
from ..theme import LINES, OTHER_LINE, light

COLUMNS, GAP, LEFT = 3, 14, 46
TITLE, PLOT, BOTTOM, AXIS = 24, 128, 30, 20
#: Values further apart than this are drawn on a logarithmic axis.
LINEAR = 30


def draw(result) -> Sheet:
    """A small plot for each figure: dots are rounds, lines go through the medians."""
    metrics = [m for m in METRICS.values() if _points(result, m)]
    rows = -(-len(metrics) // COLUMNS)
    cell = TITLE + PLOT + BOTTOM
    sheet = Sheet(rows * cell + AXIS)
    width = (WIDTH - (COLUMNS - 1) * GAP) / COLUMNS
    for k, metric in enumerate(metrics):
        _panel(sheet, result, metric, k % COLUMNS * (width + GAP), k // COLUMNS * cell, width)
    sheet.text(LEFT, rows * cell + 13, "open connections, logarithmic axis; dots are rounds, "
               "lines go through the medians", size=FONT - 0.5, colour="mute")  # fmt: skip
    return sheet


def _points(result, metric: Metric) -> dict[str, dict[int, list[float]]]:
    """``{server: {count: values}}``, only where something was measured."""
    found = {
        server: {n: values for n in result.counts(server)
                 if (values := result.values(server, n, metric.name))}
        for server in result.servers
    }  # fmt: skip
    return {server: points for server, points in found.items() if points}


def _panel(sheet: Sheet, result, metric: Metric, x: float, y: float, width: float) -> None:
    points = _points(result, metric)
    right = 14 + max(text_width(server) for server in points)
    plot = width - LEFT - right
    unit = metric.unit.replace("/s", "per second")
    sheet.text(x, y + 14, metric.title + (f", {unit}" if unit else ""), bold=True, size=FONT - 0.4)
    axes = sheet.axes(x + LEFT, y + TITLE, plot, PLOT)
    every = [v for by_count in points.values() for values in by_count.values() for v in values]
    counts = sorted({n for by_count in points.values() for n in by_count})
    first, last = counts[0] / 1.5, counts[-1] * 1.5
    axes.set(xscale="log", xlim=(first, last))
    place = _height(axes, every)
    _ticks(axes, counts, plot, first, last)
    ends = {}
    for server, by_count in points.items():
        colour, marker, style = LINES.get(server, OTHER_LINE)
        for n, values in by_count.items():
            axes.plot([n] * len(values), values, ls="none", marker="o", ms=3.6,
                      color=light(colour), clip_on=False, zorder=2)  # fmt: skip
        line = [(n, result.middle(server, n, metric.name)) for n in by_count]
        axes.plot(*zip(*line, strict=True), color=light(colour), lw=2.2, ls=style, marker=marker,
                  ms=7, mec=light("bg"), mew=0.8, clip_on=False, zorder=3)  # fmt: skip
        ends[server] = y + TITLE + (1 - place(line[-1][1])) * PLOT
    labels = spread(ends, 16, y + TITLE, y + TITLE + PLOT)
    for server, middle in labels.items():
        colour = LINES.get(server, OTHER_LINE)[0]
        sheet.text(x + LEFT + plot + 10, middle, server, colour=colour, bold=True, va="center")


def _height(axes, every: list[float]):
    """Set the axis of values; gives a function from a value to its share of the height."""
    low, high = min(every), max(every)
    if low > 0 and high > LINEAR * low:
        low, high = low / 1.6, high * 1.6
        axes.set(yscale="log", ylim=(low, high))
        axes.yaxis.set_major_locator(LogLocator(10, numticks=8))
        axes.yaxis.set_minor_locator(NullLocator())

        def place(value: float) -> float:
            return log10(value / low) / log10(high / low)
    else:
        high = high * 1.12 or 1.0
        axes.set_ylim(0, high)
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))

        def place(value: float) -> float:
            return value / high

    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: _tick(v)))
    axes.grid(axis="y")
    return place


def _tick(value: float) -> str:
    return f"{value / 1000:,.6g}k" if value >= 10_000 else f"{value:,.6g}"


def _ticks(axes, counts: list[int], width: float, first: float, last: float) -> None:
    kept, end = [], None
    for count in counts:  # every count that was run, where there is room for it
        place = log10(count / first) / log10(last / first) * width
        half = text_width(f"{count:,}") / 2
        if end is None or place - half > end + 6:
            kept.append(count)
            end = place + half
    axes.xaxis.set_major_locator(FixedLocator(kept))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))


def alt(result) -> str:
    """The plots in words: every median."""
    parts = []
    for metric in METRICS.values():
        lines = [
            f"{server}: " + ", ".join(f"{n:,} connections {with_unit(_middle(values), metric)}"
                                      for n, values in by_count.items())
            for server, by_count in _points(result, metric).items()
        ]  # fmt: skip
        if lines:
            parts.append(f"{metric.title.capitalize()}. {'; '.join(lines)}.")
    return f"{result.headline()} {' '.join(parts)}"


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
