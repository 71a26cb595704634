"""The GIL X-ray and the convoy: how long threads keep the GIL, and what waits for it."""

from __future__ import annotations

from ...measure.gil import Spread, turns
from ..figure import FONT, WIDTH, Sheet, boxes, shortened, text_width
from ..theme import light
from ..words import duration, listed, number, times
from . import spread

LEFT, STRIP, GAP, RIGHT = 66, 330, 26, 16
TOP, ROW, AXIS, LEGEND = 44, 56, 46, 26
#: So many slices of the longest setting are shown in the strips.
SHOWN_SLICES = 4
#: Pixels for the name of a setting: whatever it is called, room is left for its round trips.
MOST_LABEL = 250


def draw_xray(result) -> Sheet:
    """A row a setting: who ran Python at the start of a run, and all its slices."""
    asked = list(result.runs)
    height = ROW * len(asked)
    sheet = Sheet(TOP + height + AXIS + LEGEND)
    shown = span_ns(result)
    strips = sheet.axes(LEFT, TOP, STRIP, height)
    strips.set(xlim=(0, shown / 1e6), ylim=(len(asked), 0))
    strips.set_yticks([])
    for k, ms in enumerate(asked):
        sheet.text(LEFT - 10, TOP + (k + 0.5) * ROW, f"{ms:g} ms", ha="right", va="center")
        _strip(strips, result, ms, k, shown)
    sheet.text(LEFT, 16, f"one recorded run, its first {duration(shown / 1e9)}", size=FONT)
    sheet.text(LEFT, 33, f"a lane a thread, {result.tasks} in each row", size=FONT - 0.5,
               colour="mute")  # fmt: skip
    sheet.text(LEFT, TOP + height + 38, "milliseconds since the start", size=FONT - 0.5,
               colour="mute")  # fmt: skip
    _distributions(sheet, result, asked, height)
    return sheet


def span_ns(result) -> int:
    """How much of a run the strips show: some slices of the setting that has the longest."""
    spreads = [result.spread(ms) for ms in result.runs]
    longest = max((s.middle for s in spreads if s), default=0.02)
    walls = [runs[0].trace.wall_ns for runs in result.runs.values()]
    return round(min(max(walls), max(0.04, SHOWN_SLICES * longest) * 1e9))


def _strip(axes, result, ms: float, k: int, shown: int) -> None:
    trace = result.runs[ms][0].trace
    lane = 0.8 / result.tasks
    for task in range(result.tasks):
        top = k + 0.1 + task * lane
        axes.plot([0, shown / 1e6], [top + lane * 0.9] * 2, color=light("grid"), lw=0.8)
        own = [(a / 1e6, min(b, shown) / 1e6) for t, a, b in turns(trace) if t == task]
        own = [(a, b) for a, b in own if a < b]
        if own:
            begins, ends = zip(*own, strict=True)
            boxes(axes, begins, ends, top, top + lane * 0.9, fill="run")


def _distributions(sheet: Sheet, result, asked: list[float], height: float) -> None:
    left = LEFT + STRIP + GAP
    rows = {ms: result.slices(ms) for ms in asked}
    if result.machine.gil is False or not any(rows.values()):
        sheet.text(left, TOP + 24, "No GIL, no slices: the threads", size=FONT + 0.5)
        sheet.text(left, TOP + 42, "ran at the same time.", size=FONT + 0.5)
        return
    axes = sheet.axes(left, TOP, WIDTH - left - RIGHT, height)
    spread.time_axis(axes, *spread.limits(list(rows.values()), [ms / 1e3 for ms in asked]))
    axes.set_ylim(len(asked), 0)
    axes.set_yticks([])
    for k, ms in enumerate(asked):
        found = result.spread(ms)
        if found is not None:
            spread.row(axes, k + 0.5, rows[ms], found.middle, found.low, found.high, ms / 1e3)
    runs = len(result.runs[asked[0]])
    sheet.text(left, 16, f"how long a thread kept the GIL, {runs} runs", size=FONT)
    sheet.text(left, 33, "each slice that ended in a hand-off", size=FONT - 0.5, colour="mute")
    sheet.text(left, TOP + height + 38, "logarithmic axis", size=FONT - 0.5, colour="mute")
    spread.legend(sheet, LEFT, TOP + height + AXIS, "one slice", "switch interval asked for")


def xray_caption(result) -> str:
    """What the figure says, in one sentence."""
    if result.machine.gil is False:
        return "Without a GIL the lanes are filled at the same time."
    found = {ms: result.spread(ms) for ms in result.runs}
    parts = [f"{duration(s.middle)} at {ms:g} ms" for ms, s in found.items() if s]
    if not parts:
        return "No slice ended in a hand-off."
    return (f"The filled lanes never overlap: one thread at a time runs Python. It kept the GIL "
            f"for {listed(parts)} (medians).")  # fmt: skip


def xray_rows(result) -> list[list[str]]:
    """For the table: a row a setting."""
    rows = []
    for ms in result.runs:
        found = result.spread(ms)
        cells = [number(v * 1e3, 2) for v in (found.middle, found.low, found.high, found.largest)
                 ] if found else ["–"] * 4  # fmt: skip
        rows.append([f"{ms:g} ms", *cells, number(found.count) if found else "0",
                     number(result.hand_offs(ms), 1)])  # fmt: skip
    return rows


XRAY_HEADS = ["asked for", "median slice, ms", "1 of 10 below", "1 of 10 above", "longest",
              "slices", "hand-offs a run"]  # fmt: skip


# --- round trips beside computing threads --------------------------------------------------


def draw_trips(times_of: dict[str, list[float]]) -> Sheet:
    """A row a setting: its round trips on a logarithmic axis."""
    spreads = {label: Spread.of(values) for label, values in times_of.items()}
    notes = {label: f"{s.count / s.total:,.0f} a second" for label, s in spreads.items()}
    left = 24 + min(MOST_LABEL, max(text_width(label) for label in times_of))
    right, row = 130, 44
    height = row * len(times_of)
    sheet = Sheet(10 + height + AXIS + LEGEND)
    axes = sheet.axes(left, 10, WIDTH - left - right, height)
    spread.time_axis(axes, *spread.limits(list(times_of.values())))
    axes.set_ylim(len(times_of), 0)
    axes.set_yticks([])
    for k, (label, values) in enumerate(times_of.items()):
        found, y = spreads[label], 10 + (k + 0.5) * row
        spread.row(axes, k + 0.5, values, found.middle, found.low, found.high)
        sheet.text(left - 12, y, shortened(label, MOST_LABEL), ha="right", va="center")
        sheet.text(WIDTH - right + 14, y, notes[label], va="center")
    sheet.text(left, 10 + height + 38, "time of one round trip, logarithmic axis",
               size=FONT - 0.5, colour="mute")  # fmt: skip
    spread.legend(sheet, left, 10 + height + AXIS, "one round trip")
    return sheet


def trips_caption(times_of: dict[str, list[float]]) -> str:
    """The first setting beside the one with the fewest round trips a second.

    Rates, not medians: where a convoy forms now and then, most round trips are still quick,
    and nearly all of the time is spent in the others.
    """
    rates = {label: len(values) / sum(values) for label, values in times_of.items()}
    first, *others = rates
    middle = duration(Spread.of(times_of[first]).middle)
    begin = f"{first}: {rates[first]:,.0f} round trips a second (median {middle})."
    worst = min(others, key=rates.__getitem__, default=None)
    if worst is None or rates[worst] >= rates[first]:
        return begin
    middle = duration(Spread.of(times_of[worst]).middle)
    return (f"{begin} {worst}: {rates[worst]:,.0f} a second, {times(rates[first] / rates[worst])} "
            f"slower (median {middle}).")  # fmt: skip


def trips_rows(times_of: dict[str, list[float]]) -> list[list[str]]:
    """For the table: a row a setting, times in ms."""
    rows = []
    for label, values in times_of.items():
        s = Spread.of(values)
        rows.append([label, number(s.count / s.total),
                     *(number(v * 1e3, 3) for v in (s.middle, s.low, s.high, s.largest)),
                     number(s.count)])  # fmt: skip
    return rows


TRIPS_HEADS = ["", "round trips a second", "median, ms", "1 of 10 below", "1 of 10 above",
               "longest", "measured"]  # fmt: skip
