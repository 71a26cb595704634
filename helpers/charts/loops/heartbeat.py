"""The heartbeat of an event loop as a picture: a lane a way, every beat, what was late."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.ticker import FuncFormatter, MaxNLocator

from ...measure.heartbeat import TICK_S
from ..figure import FONT, WIDTH, Sheet, boxes, shortened, text_width
from ..words import listed

ROW, TOP, AXIS, LEGEND, RIGHT = 46, 26, 46, 26, 136
MOST_LABEL, SMALL = 270, FONT - 1.5
TICK_NS = int(TICK_S * 1e9)


def draw(result) -> Sheet:
    """One recorded round of each way, time 0 where the way begins."""
    lanes = [*result.labels, *result.failed]
    names = {label: shortened(label, MOST_LABEL) for label in lanes}
    left = 18 + max(text_width(name) for name in names.values())
    height = ROW * len(lanes)
    sheet = Sheet(TOP + height + AXIS + LEGEND)
    axes = sheet.axes(left, TOP, WIDTH - left - RIGHT, height)
    rounds = {label: result.typical(label) for label in result.labels}
    low = min(_ms(run.beats[0], run) for run in rounds.values())
    high = max(_ms(run.stop, run) for run in rounds.values())
    axes.set(xlim=(low, high), ylim=(len(lanes), 0))
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(axis="x")
    thin = 0.8 * (high - low) / (WIDTH - left - RIGHT)
    for k, label in enumerate(lanes):
        y = TOP + (k + 0.5) * ROW
        sheet.text(left - 10, y, names[label], ha="right", va="center")
        if label in result.failed:
            sheet.text(left + 6, y, "failed: the reason stands below", va="center",
                       colour="error")  # fmt: skip
            continue
        _lane(axes, rounds[label], k, thin)
        _note(sheet, result, label, y)
    sheet.text(WIDTH - RIGHT + 14, 14, "late, at most", size=FONT - 0.5, colour="mute")
    sheet.text(left, TOP + height + 38, "milliseconds since the way began", size=FONT - 0.5,
               colour="mute")  # fmt: skip
    _legend(sheet, 8, TOP + height + AXIS)
    return sheet


def _ms(moment: int, run) -> float:
    return (moment - run.begin) / 1e6


def _lane(axes, run, k: int, thin: float) -> None:
    """The beats of one round; from where a beat was due to where it came, it was late."""
    late = [(a + TICK_NS, b) for a, b in pairwise([*run.beats, run.stop]) if b - a > TICK_NS]
    late = [(_ms(a, run), _ms(b, run)) for a, b in late]
    if late:
        begins, ends = zip(*late, strict=True)
        boxes(axes, begins, ends, k + 0.16, k + 0.66, fill="ready", hatch="/////",
              hatch_colour="bg")  # fmt: skip
    beats = [_ms(t, run) for t in run.beats]
    boxes(axes, [t - thin for t in beats], [t + thin for t in beats], k + 0.1, k + 0.72,
          fill="run")  # fmt: skip
    boxes(axes, [0], [_ms(run.end, run)], k + 0.78, k + 0.9, fill="wait", edge="edge")


def _note(sheet: Sheet, result, label: str, y: float) -> None:
    late = result.latest(label)
    x = WIDTH - RIGHT + 14
    sheet.text(x, y - 8, _late(result.late_ms(label)), bold=True, va="center")
    if len(late) > 1:
        sheet.text(x, y + 9, f"{_short(min(late))} to {_late(max(late))}", size=SMALL,
                   colour="mute", va="center")  # fmt: skip


def _short(value: float) -> str:
    return f"{value:,.{0 if value >= 20 else 1}f}"


def _late(value: float) -> str:
    return f"{_short(value)} ms"


def _legend(sheet: Sheet, x: float, y: float) -> None:
    for kind, words in (("beat", f"a beat, due {TICK_NS / 1e6:g} ms after the one before"),
                        ("late", "a beat is overdue"), ("way", "the way runs")):  # fmt: skip
        if kind == "beat":
            for at in (3, 12):
                boxes(sheet.page, [x + at], [x + at + 1.8], y + 1, y + 18, fill="run")
        elif kind == "late":
            boxes(sheet.page, [x], [x + 18], y + 2, y + 17, fill="ready", hatch="/////",
                  hatch_colour="bg")  # fmt: skip
        else:
            boxes(sheet.page, [x], [x + 18], y + 7, y + 12, fill="wait", edge="edge")
        sheet.text(x + 26, y + 14.5, words)
        x += 26 + text_width(words) + 24


def caption(result) -> str:
    """Which round is drawn, and which ways kept the loop for as long as they ran."""
    rounds = max(len(result.runs[label]) for label in result.labels)
    drawn = "one round" if rounds == 1 else (
        f"of {rounds} rounds the one whose latest beat is in the middle, and beside it the "
        f"median and the range of all")  # fmt: skip
    frozen = [label for label in result.labels if _frozen(result.typical(label))]
    if not frozen:
        return f"Drawn: {drawn}."
    return f"Beside {listed(frozen)} the loop stood still as long as the way ran. Drawn: {drawn}."


def _frozen(run) -> bool:
    """Whether one gap between two beats was about as long as the way took."""
    took = run.took_s * 1e3
    return took > 20 and run.lag().max_ms + TICK_NS / 1e6 > 0.9 * took
