"""An advice: how many times as fast each model is, on how many cores, and what a call is."""

from __future__ import annotations

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ...advisor.words import counted, duration, percent
from ..figure import FONT, WIDTH, Sheet, boxes, mark, shortened, text_width
from ..theme import light
from ..words import times

LEFT, NOTE, CORES, GAP = 104, 176, 128, 24
TOP, ROW, AXIS, BAR, BARS = 26, 30, 50, 30, 2
SMALL = FONT - 1
_TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)


def draw(advice) -> Sheet:
    """A row a model, those that were not tried with the reason; below, one call and a loop."""
    e = advice.evidence
    models = ["sequential", *e.models, *(m for m in e.out if m not in e.models)]
    models += [m for m in e.arms if m not in models]
    height = ROW * len(models)
    sheet = Sheet(TOP + height + AXIS + BARS * BAR + 22)
    width = WIDTH - LEFT - NOTE - CORES - 2 * GAP
    band = sheet.axes(0, TOP, WIDTH, height)  # first, so that it lies behind the marks
    band.set_axis_off()
    band.set(xlim=(0, 1), ylim=(len(models), 0))
    speed = sheet.axes(LEFT, TOP, width, height)
    cores = sheet.axes(LEFT + width + GAP + NOTE, TOP, CORES, height)
    _scales(speed, cores, e)
    for k, model in enumerate(models):
        y = TOP + (k + 0.5) * ROW
        chosen = model == advice.model
        if chosen:
            boxes(band, [0], [1], k, k + 1, fill="band")
        sheet.text(LEFT - 12, y, model, ha="right", va="center", bold=chosen)
        note = LEFT + width + 12
        if model == "sequential" or (model in e.models and not e.arms[model].failure):
            _marks(speed, cores, e, model, k + 0.5)
            sheet.text(note, y, _note(e, model), va="center", size=SMALL)
        else:
            room = width + NOTE + GAP + CORES - 20
            for axes in (speed, cores):
                boxes(axes, [axes.get_xlim()[0]], [axes.get_xlim()[1]], k + 0.04, k + 0.96,
                      fill="bg")  # fmt: skip
            sheet.text(LEFT + 8, y, shortened(f"not tried: {e.excluded(model)}", room, SMALL),
                       va="center", size=SMALL, colour="mute")  # fmt: skip
    under = TOP + height + 36
    sheet.text(LEFT, TOP - 10, "times as fast as one call after the other", size=SMALL,
               colour="mute")  # fmt: skip
    sheet.text(LEFT + width + 12, TOP - 10, "median (interval)", size=SMALL, colour="mute")
    sheet.text(LEFT + width + GAP + NOTE, TOP - 10, "cores used", size=SMALL, colour="mute")
    sheet.text(LEFT, under, "logarithmic axis", size=SMALL, colour="mute")
    _one_call(sheet, e, TOP + height + AXIS)
    return sheet


def _scales(speed, cores, e) -> None:
    ends = [end for m in e.models for end in _spread(e, m)] + [0.8, 2.0]
    low, high = min(ends) / 1.25, max(ends) * 1.25
    speed.set(xscale="log", xlim=(low, high))
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    if len(ticks) > 8:
        ticks = [tick for tick in ticks if tick in (0.001, 0.01, 0.1, 1, 2, 8, 32)]
    speed.xaxis.set_major_locator(FixedLocator(ticks))
    speed.xaxis.set_minor_locator(NullLocator())
    speed.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    measured = [0, len(e.models) + 1]  # those that were not tried come last, in words
    speed.plot([1, 1], measured, color=light("edge"), lw=1.6, zorder=1.5)
    most = max([e.cores, *(arm.cores or 0 for arm in e.arms.values())])
    cores.set_xlim(0, 1.08 * most)
    cores.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    cores.plot([e.cores] * 2, measured, color=light("ready"), lw=1.6, ls=(0, (4, 3)), zorder=1.5)
    for axes in (speed, cores):
        axes.set_ylim(len(e.models) + 1 + sum(m not in e.models for m in {*e.out, *e.arms}
                                              - {"sequential"}), 0)  # fmt: skip
        axes.set_yticks([])
        axes.grid(axis="x")


def _spread(e, model: str) -> tuple[float, float]:
    """The interval of a speed-up; the smallest and the largest where there are few rounds."""
    found = e.verdict(model)
    if found.low is not None:
        return found.low, found.high
    ratios = [b / a for a, b in zip(e.arms[model].per_call, e.arms["sequential"].per_call,
                                    strict=False)]  # fmt: skip
    return min(ratios), max(ratios)


def _marks(speed, cores, e, model: str, y: float) -> None:
    if model == "sequential":
        mark(speed, model, 1.0, y, size=8)
    else:
        mark(speed, model, e.verdict(model).ratio, y, size=8, interval=_spread(e, model))
    used = e.cores_alone if model == "sequential" else e.arms[model].cores
    if used is not None:
        boxes(cores, [0], [used], y - 0.22, y + 0.22, fill="bar")
        cores.plot([used, used], [y - 0.3, y + 0.3], color=light("run"), lw=2.6, zorder=3)


def _note(e, model: str) -> str:
    if model == "sequential":
        return f"1×, {duration(e.call_s)} a call" if e.called else ""
    found = e.verdict(model)
    if e.arms[model].same is False:
        return f"{times(found.ratio)}, wrong results"
    low, high = _spread(e, model)
    seen = "measured once" if low == high else f"{times(low)} to {times(high)}"
    return f"{times(found.ratio)} ({seen})"


def _one_call(sheet: Sheet, e, y: float) -> None:
    """Two bars: what a call spends its time on, and how late a loop was beside it."""
    if not e.called:
        return
    width = WIDTH - LEFT - NOTE - CORES - 2 * GAP
    middle = y + BAR / 2
    sheet.text(LEFT - 12, middle, "one call", ha="right", va="center")
    share = LEFT + width * (1 - e.waits)
    boxes(sheet.page, [LEFT], [share], middle - 7, middle + 7, fill="run")
    if e.waits > 0.005:
        boxes(sheet.page, [share], [LEFT + width], middle - 7, middle + 7, fill="wait",
              edge="edge")  # fmt: skip
    sheet.text(LEFT + width + 12, middle, f"{duration(e.call_s)}: {_parts(e)}", va="center",
               size=SMALL)  # fmt: skip
    if e.lag_s is None or not e.lag_span_s:
        return
    middle += BAR
    sheet.text(LEFT - 12, middle, "an event loop", ha="right", va="center")
    late = min(1.0, e.lag_s / e.lag_span_s)
    boxes(sheet.page, [LEFT], [LEFT + width * late], middle - 7, middle + 7, fill="ready",
          hatch="/////", hatch_colour="bg")  # fmt: skip
    sheet.line(
        [LEFT, LEFT + width, LEFT + width, LEFT, LEFT],
        [middle - 7, middle - 7, middle + 7, middle + 7, middle - 7],
        "edge",
        0.8,
    )
    where = "on it" if e.form != "blocking" else "in a thread"
    words = f"up to {duration(e.lag_s)} late beside {counted(e.lag_calls)} {where}"
    room = WIDTH - LEFT - width - 14
    if text_width(words, SMALL) > room:
        words = f"up to {duration(e.lag_s)} late"
    sheet.text(LEFT + width + 12, middle, words, va="center", size=SMALL)


def _parts(e) -> str:
    if e.waits < 0.01:
        return "it computes"
    return "it waits" if e.waits > 0.99 else f"it waits for {percent(e.waits)}"


def caption(advice) -> str:
    """How to read it, with the result."""
    e = advice.evidence
    said = [f"{m} {times(e.verdict(m).ratio)}" for m in e.models if not e.arms[m].failure]
    one = f"A call takes {duration(e.call_s)}; {_parts(e)}." if e.called else ""
    return f"{one} {_sentence(said)}".strip()


def _sentence(said: list[str]) -> str:
    return f"Against one call after the other: {', '.join(said)}." if said else ""


def alt(advice) -> str:
    """The figure in words."""
    return f"{advice.headline()} {caption(advice)}"
