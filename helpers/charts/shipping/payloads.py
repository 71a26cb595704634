"""The way to an executor and back, over the size of what is sent."""

from __future__ import annotations

from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from ...experiment.shipping.shipping import size_words
from ..figure import FONT, WIDTH, Sheet
from ..words import duration, number, tick, times
from . import looks

HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 330, 30, 56, 74, 200
#: Where nothing is sent: at this share of the smallest payload. A logarithmic axis has no 0.
NOTHING = 0.2
HEADS = ["", "median, ms", "shortest, ms", "longest, ms", "rounds"]


def draw(result) -> Sheet:
    """Both axes logarithmic; a line an executor, with the range of its rounds."""
    sheet = Sheet(HEIGHT)
    tall, wide = HEIGHT - TOP - BOTTOM, WIDTH - LEFT - RIGHT
    axes = sheet.axes(LEFT, TOP, wide, tall)
    smallest = min((size for size in result.sizes if size), default=1000)
    places = {size: size or smallest * NOTHING for size in result.sizes}
    every = [value for values in result.times.values() for value in values]
    first, last = min(places.values()), max(places.values())
    axes.set(xscale="log", yscale="log", xlim=(first / 1.6, last * 1.6),
             ylim=(min(every) / 1.5, max(every) * 1.5))  # fmt: skip
    axes.xaxis.set_major_locator(FixedLocator(list(places.values())))
    axes.xaxis.set_minor_locator(NullLocator())
    words = {place: size_words(size) if size else "nothing" for size, place in places.items()}
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.get(value, "")))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.grid(True)
    ends = {}
    for name in result.executors:
        middles = [result.wall(name, size) for size in result.sizes]
        looks.line(axes, name, list(places.values()),
                   [result.times[name, size] for size in result.sizes], middles)  # fmt: skip
        ends[name] = looks.height(axes, middles[-1], TOP, tall)
    said = {name: f"{name} {duration(result.wall(name, result.sizes[-1]))}"
            for name in result.executors}  # fmt: skip
    looks.labels(sheet, WIDTH - RIGHT + 22, ends, said, TOP, HEIGHT - BOTTOM)
    sheet.text(8, 16, "from submit to result, one job at a time", size=FONT - 0.5, colour="mute")
    sheet.text(LEFT, HEIGHT - 12, "size of the argument (both axes logarithmic); upright bars: "
               "all rounds", size=FONT - 0.5, colour="mute")  # fmt: skip
    return sheet


def caption(result) -> str:
    """How much longer the largest payload takes than the smallest."""
    small, large = result.sizes[0], result.sizes[-1]
    if small == large:
        return f"One size: {size_words(small)}."
    parts = [f"{name} {times(result.wall(name, large) / result.wall(name, small))}"
             for name in result.executors]  # fmt: skip
    less = size_words(small) if small else "nothing"
    return f"{size_words(large)} against {less}: {', '.join(parts)} as long."


def rows(result) -> list[list]:
    """For the table: a row for each executor and size."""
    found = []
    for name in result.executors:
        for size in result.sizes:
            values = [value * 1e3 for value in result.times[name, size]]
            found.append([f"{name}, {size_words(size)}",
                          number(result.wall(name, size) * 1e3, 3), number(min(values), 3),
                          number(max(values), 3), len(values)])  # fmt: skip
    return found
