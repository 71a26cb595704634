"""Amdahl's law as lines, and beside them what was measured."""

from __future__ import annotations

from typing import Any

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ...experiment.gil.amdahl import law
from ..figure import FONT, WIDTH, Sheet, text_width
from ..sweep import APART, spread
from ..theme import light
from ..words import listed, number, times

HEIGHT, TOP, BOTTOM, LEFT, RIGHT = 340, 30, 78, 66, 210
#: The law is drawn up to this many threads, far past what was measured.
FAR = 16
LOOKS = (("m4", "v"), ("m1", "o"), ("m2", "^"), ("m3", "D"), ("m0", "s"))


def draw(result) -> Sheet:
    """Threads on a logarithmic axis; a line a share for the law, marks for the measured."""
    sheet = Sheet(HEIGHT)
    far = max(FAR, 2 * result.threads[-1])
    axes = sheet.axes(LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
    axes.set(xscale="log", yscale="log", xlim=(0.93, far), ylim=(0.7, far))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator([2**k for k in range(12) if 2**k <= far]))
        axis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.grid(True)
    cores = result.machine.cores
    axes.axvline(cores, color=light("edge"), lw=1.4, ls=(0, (4, 3)))
    ends = {}
    for k, share in enumerate(result.shares):
        colour, marker = LOOKS[k % len(LOOKS)]
        serial = result.serial(share)
        xs = [2 ** (j / 8) for j in range(200) if 2 ** (j / 8) <= far]
        axes.plot(xs, [law(serial, x) for x in xs], color=light(colour), lw=1.8, ls=(0, (6, 2)))
        # a little apart, or the marks of several shares would hide one another
        _measured(
            axes, result, share, colour, marker, 1 + 0.03 * (k - (len(result.shares) - 1) / 2)
        )
        ends[share] = _height(axes, law(serial, far))
    places = spread(ends, APART, TOP, HEIGHT - BOTTOM)
    for k, share in enumerate(result.shares):
        colour, marker = LOOKS[k % len(LOOKS)]
        x, y = WIDTH - RIGHT + 14, places[share]
        sheet.page.plot([x], [y], marker=marker, ms=7, color=light(colour))
        sheet.text(x + 12, y, f"{_percent(result.serial(share))} serial", va="center", bold=True)
    sheet.text(8, 16, f"speed-up over one {result.one}", size=FONT - 0.5, colour="mute")
    sheet.text(LEFT, HEIGHT - 40, f"{result.kind} (both axes logarithmic); dashed upright: "
               f"{cores:g} usable core{'' if cores == 1 else 's'}", size=FONT - 0.5,
               colour="mute")  # fmt: skip
    _legend(sheet, LEFT, HEIGHT - 24, result.kind)
    return sheet


def _measured(axes, result, share: float, colour: str, marker: str,
              shift: float) -> None:  # fmt: skip
    for n in result.threads[1:]:
        gain = result.gain(share, n)
        if gain.low:
            axes.plot([n * shift] * 2, [gain.low, gain.high], color=light(colour), lw=3)
        axes.plot([n * shift], [gain.ratio], ls="none", marker=marker, ms=9.5, color=light(colour),
                  mec=light("bg"), mew=0.8, zorder=4)  # fmt: skip
    axes.plot([1], [1], ls="none", marker="o", ms=6, color=light("fg"), zorder=5)


def _height(axes, value: float) -> float:
    low, high = axes.get_ylim()
    from math import log

    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - log(value / low) / log(high / low))


def _legend(sheet: Sheet, x: float, y: float, kind: str) -> None:
    sheet.line([x, x + 26], [y + 10, y + 10], "mute", 1.8, dashes=(6, 2))
    words = f"Amdahl's law, as many cores as {kind}"
    sheet.text(x + 34, y + 14.5, words)
    x += 34 + text_width(words) + 24
    sheet.page.plot([x], [y + 10], marker="o", ms=8, color=light("mute"))
    sheet.text(x + 14, y + 14.5, "measured, with its interval")


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def caption(result) -> str:
    """What the most threads gained, by share."""
    most = result.threads[-1]
    parts = [f"{times(result.gain(s, most).ratio)} with {_percent(result.serial(s))} serial "
             f"(the law: {times(law(result.serial(s), most))})" for s in result.shares]  # fmt: skip
    return f"{most} {result.kind} gained {listed(parts)}."


def rows(result) -> list[list[Any]]:
    """For the table: a row for each share and number of threads."""
    found = []
    for share in result.shares:
        serial = result.serial(share)
        for n in result.threads:
            runs, gain = result.runs[share, n], result.gain(share, n)
            walls = sorted(wall for _, wall in runs)
            interval = f"{gain.low:.2f} to {gain.high:.2f}" if gain.low else "–"
            found.append([f"{_percent(share)} asked, {n} {result.one if n == 1 else result.kind}",
                          _percent(serial), number(walls[len(walls) // 2] * 1e3, 1),
                          number(gain.ratio, 2), interval, number(law(serial, n), 2),
                          len(runs)])  # fmt: skip
    return found


HEADS = ["", "serial, measured", "median, ms", "speed-up", "interval", "the law", "rounds"]
