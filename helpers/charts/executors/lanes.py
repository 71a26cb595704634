"""Who was in progress when, a lane each, and how it ended; moments as ticks."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..figure import FONT, WIDTH, Sheet, boxes, shortened, text_width
from ..theme import light
from ..words import listed, tick

LANE, TITLE, GAP, AXIS = 27, 28, 12, 44
MOST_LABEL = 250  # pixels, of a name and of an outcome: room is left for the lanes
#: How an end is marked: marker, size, colour. Any other outcome is an exception.
ENDS = {"finished": ("o", 8, "run"), "cancelled": ("s", 8, "ready"), "": (">", 9, "mute")}
RAISED = ("X", 9, "error")


def draw(panels: dict) -> Sheet:
    """`panels` maps a title to `Spans`; all on the same scale of time."""
    lanes = [lane for spans in panels.values() for lane in spans.lanes()]
    left = 14 + min(MOST_LABEL, max(1.08 * text_width(lane) for lane in lanes))
    outcomes = [_end_words(span) for spans in panels.values() for span in spans.spans]
    right = 24 + 1.08 * max((text_width(text) for text in outcomes), default=10)
    last = max(spans.end() for spans in panels.values()) or 1e-3
    rows = sum(len(spans.lanes()) for spans in panels.values())
    sheet = Sheet(rows * LANE + len(panels) * (TITLE + GAP) + AXIS)
    y, width = 0.0, WIDTH - left - right
    for k, (title, spans) in enumerate(panels.items()):
        names = spans.lanes()
        sheet.text(4, y + 18, title, bold=True)
        y += TITLE
        axes = sheet.axes(left, y, width, len(names) * LANE)
        axes.set(xlim=(0, last), ylim=(len(names), 0))
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
        shown = k == len(panels) - 1
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _, on=shown: tick(v) if on else ""))
        axes.grid(axis="x")
        for row, lane in enumerate(names):
            sheet.text(left - 10, y + (row + 0.5) * LANE, shortened(lane, MOST_LABEL), ha="right",
                       va="center")  # fmt: skip
            _lane(sheet, axes, spans, lane, row, last, left, width, y)
        y += len(names) * LANE + GAP
    sheet.text(left, sheet.height - 8, "time since the start", size=FONT - 0.5, colour="mute")
    return sheet


def _lane(sheet, axes, spans, lane, row, last, left, width, y) -> None:
    for span in spans.spans:
        if span.lane != lane:
            continue
        end = last if span.end is None else span.end
        boxes(axes, [span.begin], [end], row + 0.2, row + 0.8, fill="bar", edge="edge")
        marker, size, colour = ENDS.get(span.outcome, RAISED)
        axes.plot([end], [row + 0.5], ls="none", marker=marker, ms=size, color=light(colour),
                  mec=light("bg"), mew=0.8, clip_on=False, zorder=5)  # fmt: skip
        if _is_last(spans, span):
            sheet.text(left + end / last * width + 12, y + (row + 0.5) * LANE, _end_words(span),
                       va="center", size=FONT - 0.3)  # fmt: skip
    moments = [moment for name, moment in spans.marks if name == lane]
    if moments:
        axes.plot(moments, [row + 0.5] * len(moments), ls="none", marker="|", ms=13,
                  color=light("m2"), mew=1.6, clip_on=False)  # fmt: skip


def _is_last(spans, span) -> bool:
    """Its words would run into the next stretch of the lane otherwise."""
    return not any(s.lane == span.lane and s.begin > span.begin for s in spans.spans)


def _words(span) -> str:
    return span.outcome or "still in progress"


def _end_words(span) -> str:
    """The same, cut to the room beside a lane: the name of an exception may be long."""
    return shortened(_words(span), MOST_LABEL)


def caption(panels: dict) -> str:
    """How everything ended, a sentence a panel."""
    sentences = []
    for title, spans in panels.items():
        parts = []
        for span in spans.spans:
            if _is_last(spans, span):
                at = "" if span.end is None else f" at {tick_ms(span.end)}"
                parts.append(f"{span.lane} {_verb(span.outcome)}{at}")
        marked = [name for name, _ in spans.marks]
        parts += [f"{lane}: longest gap {tick_ms(spans.gap(lane))}"
                  for lane in dict.fromkeys(marked) if marked.count(lane) > 1]  # fmt: skip
        sentences.append(f"{title}: {listed(parts)}." if parts else f"{title}: nothing noted.")
    return " ".join(sentences)


def _verb(outcome: str) -> str:
    known = {"finished": "finished", "cancelled": "was cancelled", "": "is still in progress"}
    return known.get(outcome, f"ended with {outcome}")


def tick_ms(seconds: float) -> str:
    """Whole milliseconds."""
    return f"{seconds * 1e3:,.0f} ms"


HEADS = ["", "began, ms", "ended, ms", "how"]


def rows(panels: dict) -> list[list]:
    """For the table: a row a stretch, and one a lane of marks, from its first to its last."""
    stretches = [
        [f"{title}, {s.lane}", f"{s.begin * 1e3:,.1f}",
         "–" if s.end is None else f"{s.end * 1e3:,.1f}", _words(s)]
        for title, spans in panels.items() for s in spans.spans
    ]  # fmt: skip
    marked = []
    for title, spans in panels.items():
        for lane in dict.fromkeys(name for name, _ in spans.marks):
            moments = [moment for name, moment in spans.marks if name == lane]
            first, last = (f"{moments[k] * 1e3:,.1f}" for k in (0, -1))
            marked.append([f"{title}, {lane}", first, last, _beats(spans, lane, len(moments))])
    return stretches + marked


def _beats(spans, lane: str, count: int) -> str:
    if count < 2:
        return "1 mark"
    return f"{count:,} marks, longest gap {tick_ms(spans.gap(lane))}"
