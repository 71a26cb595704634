"""A survey: a row a workload; how many times as fast each model is, and on how many cores."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..figure import FONT, WIDTH, Sheet, boxes, mark, shortened, text_width
from ..theme import LINES, OTHER_LINE, light
from ..words import counted, times

LANE, PAD, DOMAIN, TOP, AXIS, LEGEND = 11, 6, 26, 22, 44, 24
CORES, WINNER, GAP = 120, 150, 22
SMALL = FONT - 1


def draw(survey) -> Sheet:
    """Rows of a field stand together; a lane a model within each row."""
    rows = list(survey.measured.values())
    models = ["sequential", *survey.models]
    places, height = _places(rows, LANE * len(models) + 2 * PAD)
    left = 18 + min(210, max(text_width(row.title, FONT) for row in rows))
    width = WIDTH - left - CORES - WINNER - 2 * GAP
    sheet = Sheet(TOP + height + AXIS + LEGEND)
    speed = sheet.axes(left, TOP, width, height)
    cores = sheet.axes(left + width + GAP, TOP, CORES, height)
    for axes in (speed, cores):
        axes.set_ylim(height, 0)
        axes.set_yticks([])
        axes.grid(axis="x")
    _scale(speed, max([1.15, survey.workers * 1.05, *_highest(rows)]), "×")
    used = [row.cores(m) for row in rows for m in ("sequential", *row.models)]
    _scale(cores, max(survey.workers, *used) * 1.08, "")
    _line(speed, 1, "edge")
    _line(speed, survey.workers, "ready", (4, 3))
    words = left + width + 2 * GAP + CORES
    for k, (row, y) in enumerate(zip(rows, places, strict=True)):
        tall = LANE * len(models) + 2 * PAD
        if k % 2 == 0:
            for axes in (speed, cores):
                low, high = axes.get_xlim()
                boxes(axes, [low], [high], y, y + tall, fill="band")
        middle = TOP + y + tall / 2
        sheet.text(left - 10, middle, shortened(row.title, 210), ha="right", va="center")
        _winner(sheet, row, words, middle)
        for lane, model in enumerate(models):
            if model == "sequential" or model in row.models:
                _mark(speed, cores, row, model, y + PAD + LANE * (lane + 0.5))
    _headings(sheet, rows, places)
    sheet.text(words, TOP - 9, "fastest here", size=SMALL, colour="mute")
    under = TOP + height + 38
    sheet.text(left, under, "times as fast as one task after the other", size=SMALL,
               colour="mute")  # fmt: skip
    sheet.text(left + width + GAP, under, "cores used", size=SMALL, colour="mute")
    _legend(sheet, models, survey.workers, TOP + height + AXIS + 12)
    return sheet


def _places(rows: list, tall: float) -> tuple[list[float], float]:
    """Where each row begins, with room for the name of its field; the whole height."""
    several = len({row.domain for row in rows}) > 1
    places, y, last = [], 0.0, None
    for row in rows:
        if several and row.domain != last:
            y, last = y + DOMAIN, row.domain
        places.append(y)
        y += tall
    return places, y


def _headings(sheet: Sheet, rows: list, places: list[float]) -> None:
    if len({row.domain for row in rows}) < 2:
        return
    last = None
    for row, y in zip(rows, places, strict=True):
        if row.domain != last:
            last = row.domain
            sheet.text(2, TOP + y - 8, row.domain, bold=True, size=SMALL)


def _highest(rows: list) -> list[float]:
    """The right ends of the spreads; one that is far out does not squeeze the rest."""
    ends = [row.spread(m)[1] for row in rows for m in row.models]
    middle = max((row.speedup(m) for row in rows for m in row.models), default=1.0)
    return [min(end, 1.6 * middle) * 1.04 for end in ends]


def _scale(axes, most: float, unit: str) -> None:
    axes.set_xlim(0, most)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{unit}"))


def _line(axes, x: float, colour: str, dashes=None) -> None:
    style = (0, dashes) if dashes else "-"
    axes.axvline(x, color=light(colour), lw=1.6, ls=style, zorder=1.5)


def _mark(speed, cores, row, model: str, y: float) -> None:
    if model == "sequential":
        mark(speed, model, 1.0, y, size=7)
    else:
        mark(speed, model, row.speedup(model), y, size=7, interval=row.spread(model))
    mark(cores, model, row.cores(model), y, size=7)


def _winner(sheet: Sheet, row, x: float, y: float) -> None:
    lines = _short(row).split(" or ")
    lines = [line + (" or" if k < len(lines) - 1 else "") for k, line in enumerate(lines)]
    for k, line in enumerate(lines):
        at = y + (k - (len(lines) - 1) / 2) * 15
        sheet.text(x, at, shortened(line, WINNER, SMALL), va="center", size=SMALL)


def _short(row) -> str:
    words = row.winner()
    return "no difference shown" if words.startswith("no difference") else words


def _legend(sheet: Sheet, models: list[str], workers: int, y: float) -> None:
    x = 6.0
    for model in models:
        colour, marker, _ = LINES.get(model, OTHER_LINE)
        sheet.page.plot([x + 6], [y], marker=marker, ms=7, color=light(colour))
        sheet.text(x + 18, y, model, va="center", size=SMALL)
        x += 18 + text_width(model, SMALL) + 20
    sheet.page.plot([x, x + 22], [y, y], color=light("edge"), lw=2)
    sheet.text(x + 29, y, "interval", va="center", size=SMALL)
    x += 29 + text_width("interval", SMALL) + 20
    sheet.line([x + 6, x + 6], [y - 8, y + 8], "ready", 1.6, (4, 3))
    sheet.text(x + 16, y, f"{workers} at once: the most to expect", va="center", size=SMALL)


def caption(survey) -> str:
    """What threads gained, in one sentence."""
    rows = [row for row in survey.measured.values() if "threads" in row.models]
    if not rows:
        return "Each mark is a median; the line through it is its interval."
    known = [row.gains() for row in rows]
    text = f"Threads gain in {known.count(True)} of {counted(len(rows), 'workload')}"
    if known.count(None):
        text += f"; {known.count(None)} can't be told here"
    return f"{text}."


def alt(survey) -> str:
    """Every mark in words."""
    parts = []
    for row in survey.measured.values():
        marks = [f"{m} {times(row.speedup(m))} on {row.cores(m):.1f} cores" for m in row.models]
        parts.append(f"{row.title}: {', '.join(marks)}; fastest: {row.winner()}")
    return (f"How many times as fast as one task after the other, by workload. "
            f"{'. '.join(parts)}. {caption(survey)}")  # fmt: skip
