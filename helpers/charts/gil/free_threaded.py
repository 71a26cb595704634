"""Speed-up of threads in two interpreters, with and without the GIL, side by side."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from ..figure import FONT, WIDTH, Sheet, text_width
from ..theme import light
from ..words import listed, number, times

LEFT, RIGHT, TOP, ROW, HEAD, AXIS, LEGEND = 120, 300, 8, 38, 24, 46, 26
#: How the first and the second interpreter are drawn: colour, marker, filled or not.
LOOKS = (("m2", "^"), ("m1", "o"))
_APART = 0.17


def draw(result) -> Sheet:
    """A group of rows a workload, a row a number of threads, a mark an interpreter."""
    lines = [(title, n) for title in result.titles() for n in result.threads]
    tops, y = {}, TOP
    for title, n in lines:
        y += HEAD if n == result.threads[0] else 0
        tops[title, n] = y
        y += ROW
    sheet = Sheet(y + AXIS + LEGEND * len(result.sides))
    axes = sheet.axes(LEFT, TOP, WIDTH - LEFT - RIGHT, y - TOP)
    axes.set_ylim(y, TOP)
    axes.set_yticks([])
    cores = max(side.machine.cores for side in result.sides)
    axes.set_xlim(0, 1.12 * max([cores, 2.0, *_highest(result)]))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    axes.grid(axis="x")
    axes.axvline(1, color=light("edge"), lw=1.6, ls=(0, (4, 3)))
    sheet.text(WIDTH - RIGHT + 20, TOP + 14, "speed-up, cores used", size=FONT - 0.5,
               colour="mute")  # fmt: skip
    for title, n in lines:
        if n == result.threads[0]:
            sheet.text(8, tops[title, n] - 8, title, bold=True)
        _line(sheet, axes, result, title, n, tops[title, n] + ROW / 2)
    sheet.text(LEFT, y + 38, f"speed-up over one after the other; {listed(_cores(result))}",
               size=FONT - 0.5, colour="mute")  # fmt: skip
    for k, side in enumerate(result.sides):
        _key(sheet, side, k, LEFT, y + AXIS + k * LEGEND)
    return sheet


def _highest(result) -> list[float]:
    gains = [side.gain(t, n) for side in result.sides for t in side.runs for n in result.threads]
    return [gain.high or gain.ratio for gain in gains if gain]


def _cores(result) -> list[str]:
    return [f"{side.machine.cores:g} core{'' if side.machine.cores == 1 else 's'}"
            f"{' where it was recorded' if side.recorded else ' here'}"
            for side in result.sides[:1] + [s for s in result.sides[1:] if s.recorded]
            ]  # fmt: skip


def _line(sheet: Sheet, axes, result, title: str, n: int, y: float) -> None:
    sheet.text(LEFT - 12, y, f"{n} thread{'' if n == 1 else 's'}", ha="right", va="center")
    for k, side in enumerate(result.sides):
        gain, cores = side.gain(title, n), side.cores(title, n)
        place = y + ROW * _APART * (2 * k - 1) * 1.3
        if gain is None:
            sheet.text(WIDTH - RIGHT + 20 + 140 * k, y, "–", va="center", colour="mute")
            continue
        colour, marker = LOOKS[k]
        if gain.low:
            axes.plot([gain.low, gain.high], [place] * 2, color=light(colour), lw=2)
        axes.plot([gain.ratio], [place], ls="none", marker=marker, ms=9, color=light(colour),
                  mec=light(colour), mfc=light("bg") if side.recorded else light(colour),
                  mew=2, zorder=4)  # fmt: skip
        words = f"{times(gain.ratio)}, {cores:.2f}"
        x = WIDTH - RIGHT + 20 + 140 * k
        sheet.page.plot([x + 5], [y], marker=marker, ms=7, color=light(colour), mew=1.6,
                        mfc=light("bg") if side.recorded else light(colour))  # fmt: skip
        sheet.text(x + 17, y, words, va="center")


def _key(sheet: Sheet, side, k: int, x: float, y: float) -> None:
    colour, marker = LOOKS[k]
    sheet.page.plot([x + 8], [y + 10], marker=marker, ms=9, color=light(colour), mew=2,
                    mfc=light("bg") if side.recorded else light(colour))  # fmt: skip
    words = side.label() + ("" if side.recorded else ", measured here")
    sheet.text(x + 24, y + 14.5, words)
    if side.recorded:
        end = x + 24 + text_width(words) + 10
        sheet.text(end, y + 14.5, f"({side.machine.when}, hollow marks)", colour="mute")


def caption(result) -> str:
    """The gain of the most threads in each interpreter, for the first workload."""
    titles, most = result.titles(), result.threads[-1]
    if not titles:
        return "Nothing was measured."
    parts = []
    for side in result.sides:
        gain, cores = side.gain(titles[0], most), side.cores(titles[0], most)
        if gain is not None:
            parts.append(f"{times(gain.ratio)} and {cores:.2f} cores used {side.phrase()}")
    return f"{titles[0]}, {most} threads: {', '.join(parts)}."


def rows(result) -> list[list[str]]:
    """For the table: a row for each workload and number of threads."""
    found = []
    for title in result.titles():
        for n in result.threads:
            cells = [f"{title}, {n} thread{'' if n == 1 else 's'}"]
            for side in result.sides:
                gain = side.gain(title, n)
                interval = f"{gain.low:.2f} to {gain.high:.2f}" if gain and gain.low else "–"
                speed, rounds = (number(gain.ratio, 2), gain.pairs) if gain else ("–", "–")
                cells += [speed, interval, number(side.cores(title, n), 2), rounds]
            found.append(cells)
    return found


def heads(result) -> list[str]:
    """The heads of `rows`."""
    return ["", *(f"{side.label()}: {what}" for side in result.sides
                  for what in ("speed-up", "interval", "cores used", "rounds"))]  # fmt: skip
