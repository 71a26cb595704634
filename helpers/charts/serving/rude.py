"""Answers and waits over time around one rude request, a column a server."""

from __future__ import annotations

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ...experiment.serving.rude import WIDTH_S
from ..figure import FONT, WIDTH, Sheet, boxes
from ..theme import light
from ..words import duration, tick

LEFT, GAP, RIGHT = 58, 40, 8
TITLE, LABEL, MARK, ANSWERS, WAITS, BOTTOM = 24, 25, 18, 110, 120, 40


def draw(result) -> Sheet:
    """The same scales in every column; the rude request's interval is hatched."""
    runs = [result.runs[server] for server in result.servers]
    sheet = Sheet(TITLE + MARK + LABEL + ANSWERS + LABEL + WAITS + BOTTOM)
    width = (WIDTH - LEFT - RIGHT - (len(runs) - 1) * (GAP + LEFT)) / len(runs)
    most = max(row[1] for run in runs for row in run.buckets)
    waits = [row[2] for run in runs for row in run.buckets if row[2]]
    span = max(run.buckets[-1][0] + WIDTH_S for run in runs)
    for k, run in enumerate(runs):
        x = LEFT + k * (width + GAP + LEFT)
        sheet.text(x, 16, run.server, bold=True, size=FONT + 1)
        y = TITLE + MARK + LABEL
        a, b = run.rude
        words = f"rude request, {duration(run.took)}"
        sheet.text(x + min(a / span, 0.6) * width, y - 7, words)
        _answers(sheet, run, x, y, width, span, most)
        y += ANSWERS + LABEL
        _waits(sheet, run, x, y, width, span, waits)
        for edge in (a, b):
            at = x + edge / span * width
            for top, height in ((TITLE + MARK + LABEL, ANSWERS), (y, WAITS)):
                sheet.line([at, at], [top - 2, top + height], width=1.3, dashes=(4, 3))
        sheet.text(x, y + WAITS + 34, "seconds since the start", size=FONT - 0.5, colour="mute")
    return sheet


def _axes(sheet, x, y, width, height, span, label: str, label_y: float):
    """Axes over time, and what they show above them."""
    sheet.text(x, label_y, label, size=FONT - 0.5, colour="mute")
    axes = sheet.axes(x, y, width, height)
    axes.set_xlim(0, span)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    return axes


def _answers(sheet, run, x, y, width, span, most) -> None:
    axes = _axes(sheet, x, y, width, ANSWERS, span,
                 f"answers in each {WIDTH_S * 1e3:.0f} ms", TITLE + 13)  # fmt: skip
    axes.set_ylim(0, most * 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: ""))
    axes.grid(axis="y")
    boxes(axes, [run.rude[0]], [run.rude[1]], 0, most * 1.08, fill="bg", hatch="///",
          hatch_colour="grid")  # fmt: skip
    for begin, answers, _ in run.buckets:
        boxes(axes, [begin + 0.05 * WIDTH_S], [begin + 0.95 * WIDTH_S], 0, answers, fill="m1")


def _waits(sheet, run, x, y, width, span, waits) -> None:
    axes = _axes(sheet, x, y, width, WAITS, span,
                 "longest wait of these, logarithmic axis", y - 7)  # fmt: skip
    low, high = min(waits, default=1e-4) / 1.6, max(waits, default=1.0) * 1.8
    axes.set(yscale="log", ylim=(low, high))
    marks = [m for m in (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0) if low <= m <= high]
    axes.yaxis.set_major_locator(FixedLocator(marks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: tick(v)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.grid(axis="y")
    boxes(axes, [run.rude[0]], [run.rude[1]], low, high, fill="bg", hatch="///",
          hatch_colour="grid")  # fmt: skip
    known = [(begin + WIDTH_S / 2, longest) for begin, _, longest in run.buckets if longest]
    if known:
        axes.plot(*zip(*known, strict=True), ls="none", marker="o", ms=4.6, color=light("m2"),
                  mec=light("bg"), mew=0.5, clip_on=False, zorder=3)  # fmt: skip


def caption(result) -> str:
    """The reading: where answers stopped, where waits grew."""
    parts = []
    for server in result.servers:
        run = result.runs[server]
        inside = [row for row in run.buckets
                  if run.rude[0] <= row[0] and row[0] + WIDTH_S <= run.rude[1]]  # fmt: skip
        if run.ignored or not inside:
            parts.append(f"{server}: nothing to see of the rude request.")
            continue
        silent = sum(row[1] == 0 for row in inside)
        steps = f"{len(inside)} steps of {WIDTH_S * 1e3:.0f} ms beside the rude request"
        text = f"no answer in {silent} of the {steps}" if silent else f"answers in all {steps}"
        longest = run.during.longest
        waited = "" if longest is None else f", the longest wait was {duration(longest)}"
        parts.append(f"{server}: {text}{waited}.")
    return " ".join(parts)


def alt(result) -> str:
    """The figure in words."""
    sentences = " ".join(result.sentence(server) for server in result.servers)
    return f"Answers and longest waits over time. {sentences} {caption(result)}"
