"""The map drawn: a row a kind of work, a column a task count, the winner's colour and name."""

from __future__ import annotations

from ...experiment.winners.cells import BLANK, CLOSE, NO_CORE, UNDECIDED, WINNER, Cell
from ..figure import FONT, WIDTH, Sheet, boxes, shortened, text_width
from ..theme import LINES, OTHER_LINE, light
from ..words import counted
from .words import STATE_WORDS, gain_words, models_of, wrapped

LEFT, TOP, TALL, GAP, LEGEND = 186, 30, 64, 5, 62
SMALL = FONT - 1.2
LINE = 16


def draw(result) -> Sheet:
    """The cells, with the names of kinds on the left and the counts above."""
    kinds = list(result.kinds.values())
    wide = (WIDTH - LEFT) / len(result.counts)
    sheet = Sheet(TOP + len(kinds) * TALL + LEGEND)
    for column, count in enumerate(result.counts):
        sheet.text(LEFT + (column + 0.5) * wide, TOP - 11, counted(count, "task"), ha="center",
                   bold=True)  # fmt: skip
    for row, kind in enumerate(kinds):
        y = TOP + row * TALL
        title = kind.workload.title
        double = kind.label != title
        sheet.text(2, y + TALL / 2 - (3 if double else -4), shortened(kind.label, LEFT - 12),
                   bold=True)  # fmt: skip
        if double:
            sheet.text(2, y + TALL / 2 + 15, shortened(title, LEFT - 12, SMALL), size=SMALL,
                       colour="mute")  # fmt: skip
        for column, cell in enumerate(kind.cells.values()):
            x = LEFT + column * wide
            _cell(sheet, cell, x + GAP / 2, y + GAP / 2, wide - GAP, TALL - GAP)
    _legend(sheet, result, TOP + len(kinds) * TALL + 20)
    return sheet


def _cell(sheet: Sheet, cell: Cell, x: float, y: float, wide: float, tall: float) -> None:
    state, page = cell.state(), sheet.page
    fits = lambda words: text_width(words, SMALL) < wide - 8  # noqa: E731
    if state == WINNER:
        colour, marker, _ = LINES.get(cell.fastest()[0], OTHER_LINE)
        boxes(page, [x], [x + wide], y + tall, y, fill=colour)
        lines = [cell.fastest()[0], *(gain_words(v) for v in cell.gains())]
        _lines(sheet, lines, x, y, wide, tall, colour="bg", bold=True, marker=marker)
        return
    if state == CLOSE:
        boxes(page, [x], [x + wide], y + tall, y, fill="bg", hatch="////", hatch_colour="edge",
              edge="edge")  # fmt: skip
        lines = [*_names(cell, fits), *(gain_words(v) for v in cell.gains())]
        _lines(sheet, lines[:3], x, y, wide, tall, plate=True)
    elif state == UNDECIDED:
        _outline(sheet, x, y, wide, tall, (6, 3))
        _lines(sheet, ["not decided:", *_names(cell, fits)][:3], x, y, wide, tall)
    elif state == NO_CORE:
        boxes(page, [x], [x + wide], y + tall, y, fill="band", edge="ready", edge_width=1.4)
        _lines(sheet, ["can't be told:", "no second core"], x, y, wide, tall)
    else:
        _outline(sheet, x, y, wide, tall, (1, 3))
        _lines(sheet, ["not measured", *_short_reason(cell)], x, y, wide, tall, colour="mute")


def _names(cell: Cell, fits) -> list[str]:
    names = cell.fastest()
    if len(names) > 3:
        return [f"all {len(names)} models" if set(names) >= set(cell.models) else
                f"{len(names)} of {len(cell.models)} models"]  # fmt: skip
    lines = wrapped(names, fits)
    return lines if len(lines) < 3 else wrapped(sorted(names, key=len, reverse=True), fits)


def _short_reason(cell: Cell) -> list[str]:
    if "expected" in cell.why_blank():
        return ["would take too long"]
    return ["no time was left"] if "no time" in cell.why_blank() else ["see the data"]


def _lines(sheet: Sheet, lines: list[str], x: float, y: float, wide: float, tall: float, *,
           colour: str = "fg", bold: bool = False, marker: str = "",
           plate: bool = False) -> None:  # fmt: skip
    middle = y + tall / 2 - LINE * (len(lines) - 1) / 2
    if plate:
        half = max(text_width(line, SMALL) for line in lines) / 2 + 5
        top = middle - LINE / 2 - 2
        boxes(sheet.page, [x + wide / 2 - half], [x + wide / 2 + half],
              top + LINE * len(lines) + 4, top, fill="bg")  # fmt: skip
    for k, line in enumerate(lines):
        size = FONT if bold and k == 0 else SMALL
        line = shortened(line, wide - (24 if marker and k == 0 else 6), size)
        at = x + wide / 2 + (8 if marker and k == 0 else 0)
        sheet.text(at, middle + k * LINE, line, size=size, colour=colour, bold=bold and k == 0,
                   ha="center", va="center")  # fmt: skip
        if marker and k == 0:
            left = at - text_width(line, size) / 2 - 12
            sheet.page.plot([left], [middle], marker=marker, ms=7, color=light(colour))


def _outline(sheet: Sheet, x: float, y: float, wide: float, tall: float, dashes) -> None:
    xs, ys = [x, x + wide, x + wide, x, x], [y, y, y + tall, y + tall, y]
    sheet.line(xs, ys, "edge", 1.1, dashes)


def _legend(sheet: Sheet, result, y: float) -> None:
    x = 4.0
    for model in models_of(result):
        colour, marker, _ = LINES.get(model, OTHER_LINE)
        boxes(sheet.page, [x], [x + 22], y + 8, y - 8, fill=colour)
        sheet.page.plot([x + 11], [y], marker=marker, ms=7, color=light("bg"))
        sheet.text(x + 29, y, model, va="center", size=SMALL)
        x += 29 + text_width(model, SMALL) + 22
    x, y = 4.0, y + 26
    states = result.states()
    for state in (CLOSE, UNDECIDED, NO_CORE, BLANK):
        if not states[state]:
            continue
        if state == CLOSE:
            boxes(sheet.page, [x], [x + 22], y + 8, y - 8, fill="bg", hatch="////",
                  hatch_colour="edge", edge="edge")  # fmt: skip
        elif state == NO_CORE:
            boxes(sheet.page, [x], [x + 22], y + 8, y - 8, fill="band", edge="ready",
                  edge_width=1.4)  # fmt: skip
        else:
            _outline(sheet, x, y - 8, 22, 16, (6, 3) if state == UNDECIDED else (1, 3))
        words = STATE_WORDS[state]
        sheet.text(x + 29, y, words, va="center", size=SMALL)
        x += 29 + text_width(words, SMALL) + 22
