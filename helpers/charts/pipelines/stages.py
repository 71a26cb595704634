"""A pipeline over time: a lane a worker, stage under stage, the queues between them."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator

from ...experiment.pipelines.plan import STAGES
from ...experiment.pipelines.result import ROOM, WORKING, Line, PipelineRun, percent
from ..figure import FONT, WIDTH, Sheet, boxes, text_width
from ..theme import light
from ..words import counted, tick

LEFT, RIGHT = 114, 146
TITLE, GAP, QUEUE, AXIS, LEGEND = 34, 14, 46, 44, 26
LANE, LANES_HEIGHT, LEAST_HEIGHT = 16, 250, 38


def draw(run: PipelineRun) -> Sheet:
    """Stages from top to bottom, as the pictures go; the bottleneck is the dark one."""
    lane = min(LANE, LANES_HEIGHT / sum(run.lanes(stage) for stage in STAGES))
    heights = {stage: max(LEAST_HEIGHT, lane * run.lanes(stage)) for stage in STAGES}
    lines = run.lines[: len(STAGES) - 1]
    others = run.lines[len(STAGES) - 1 :]
    queues = len(lines) + len(others)
    bottom = TITLE + sum(heights.values()) + queues * QUEUE + (len(STAGES) + queues - 1) * GAP
    sheet = Sheet(bottom + AXIS + LEGEND)
    sheet.text(LEFT, 16, f"Workers: {run.plan}", bold=True)
    span, y = run.wall_s * 1.01, float(TITLE)
    for k, stage in enumerate(STAGES):
        _stage(sheet, run, stage, y, heights[stage], span)
        y += heights[stage] + GAP
        shown = lines[k : k + 1] if k < len(STAGES) - 1 else others
        for line in shown:
            _queue(sheet, run, line, y, span)
            y += QUEUE + GAP
    _axis(sheet, span, bottom)
    _legend(sheet, run, bottom + AXIS)
    return sheet


def _axes(sheet: Sheet, y: float, height: float, span: float):
    axes = sheet.axes(LEFT, y, WIDTH - LEFT - RIGHT, height)
    axes.set_xlim(0, span)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: ""))
    axes.grid(axis="x")
    axes.spines["bottom"].set_visible(False)
    return axes


def _stage(sheet: Sheet, run: PipelineRun, stage: str, y: float, height: float,
           span: float) -> None:  # fmt: skip
    lanes, shares, narrow = run.lanes(stage), run.shares(stage), stage == run.bottleneck
    sheet.text(LEFT - 12, y + height / 2 - 3, stage, ha="right", bold=narrow, size=FONT + 0.5)
    sheet.text(LEFT - 12, y + height / 2 + 13, counted(lanes, "worker"), ha="right",
               size=FONT - 1, colour="mute")  # fmt: skip
    axes = _axes(sheet, y, height, span)
    axes.set_ylim(lanes, 0)
    axes.set_yticks([])
    for lane in range(lanes):
        axes.plot([0, span], [lane + 0.5] * 2, color=light("edge"), lw=0.8, ls=(0, (1, 3)),
                  zorder=0.5)  # fmt: skip
    for state, fill in ((WORKING, "run" if narrow else "bar"), (ROOM, "ready")):
        spans = [s for s in run.spans if s.stage == stage and s.state == state]
        if not spans:
            continue
        _, at, _, begins, ends = (list(column) for column in zip(*spans, strict=True))
        top = [lane + 0.12 for lane in at]
        hatched = {"hatch": "/////", "hatch_colour": "bg"} if state == ROOM else {
            "edge": "bg", "edge_width": 0.9}  # fmt: skip
        boxes(axes, begins, ends, top, [lane + 0.88 for lane in at], fill=fill, **hatched)
    words = [(f"busy {percent(shares.busy)}", "fg")]
    if shares.room >= 0.005:
        words.append((f"waits for room {percent(shares.room)}", "mute"))
    words.append((f"idle {percent(shares.idle)}", "mute"))
    first = y + height / 2 + 4 - 7.5 * (len(words) - 1)
    for k, (text, colour) in enumerate(words):
        sheet.text(WIDTH - RIGHT + 12, first + 15 * k, text, size=FONT - 0.5, colour=colour,
                   bold=narrow and not k)  # fmt: skip


def _queue(sheet: Sheet, run: PipelineRun, line: Line, y: float, span: float) -> None:
    sheet.text(LEFT - 12, y + QUEUE / 2 - 3, line.name, ha="right", size=FONT - 0.5)
    sheet.text(LEFT - 12, y + QUEUE / 2 + 12, "queue", ha="right", size=FONT - 1, colour="mute")
    axes = _axes(sheet, y, QUEUE, span)
    near = line.bound and line.bound <= 3 * max(1, line.longest)
    top = max(1, line.longest, line.bound if near else 0)
    axes.set_ylim(0, top * 1.15)
    axes.set_yticks([0, top])
    axes.tick_params(axis="y", labelleft=False, labelright=True, labelsize=FONT - 2)
    times, lengths = [*line.times, run.wall_s], [*line.lengths, line.lengths[-1]]
    axes.fill_between(times, lengths, step="post", color=light("wait"), lw=0)
    axes.plot(times, lengths, drawstyle="steps-post", color=light("edge"), lw=1)
    axes.plot([0, span], [0, 0], color=light("edge"), lw=0.8, clip_on=False)
    if near:
        axes.plot([0, span], [line.bound] * 2, color=light("ready"), lw=1.8, ls=(0, (5, 3)))
    bound = f"bound {line.bound}" if line.bound else "no bound"
    full = f"full {percent(line.full(run.wall_s))}" if line.bound else f"longest {line.longest}"
    sheet.text(WIDTH - RIGHT + 32, y + QUEUE / 2 - 3, full, size=FONT - 0.5)
    sheet.text(WIDTH - RIGHT + 32, y + QUEUE / 2 + 12, bound, size=FONT - 1, colour="mute")


def _axis(sheet: Sheet, span: float, y: float) -> None:
    axes = _axes(sheet, y, 1, span)
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: tick(v)))
    sheet.text(LEFT, y + 36, "since the start", size=FONT - 0.5, colour="mute")


def _legend(sheet: Sheet, run: PipelineRun, y: float) -> None:
    narrow = run.bottleneck
    items: list[tuple[str | None, str | None, str]]
    items = [("run", None, "in work, the bottleneck")] if narrow else []
    items.append(("bar", None, "in work"))
    if any(s.state == ROOM for s in run.spans):
        items.append(("ready", "/////", "done, waits for room in the queue"))
    items.append((None, None, "waits for input"))
    x: float = LEFT
    for fill, hatch, words in items:
        if fill is None:
            sheet.line([x, x + 24], [y + 9, y + 9], colour="edge", width=0.8, dashes=(1, 3))
        else:
            boxes(sheet.page, [x], [x + 24], y + 2, y + 16, fill=fill, hatch=hatch,
                  hatch_colour="bg" if hatch else None)  # fmt: skip
        sheet.text(x + 31, y + 13, words, size=FONT - 0.5)
        x += 31 + text_width(words, FONT - 0.5) + 18


def alt(run: PipelineRun) -> str:
    """The picture in words: its result, not its look."""
    shares = {stage: run.shares(stage) for stage in STAGES}
    told = "; ".join(f"{stage}: {counted(run.lanes(stage), 'worker')}, busy {percent(s.busy)}, "
                     f"waiting for room {percent(s.room)}, idle {percent(s.idle)}"
                     for stage, s in shares.items())  # fmt: skip
    return f"A pipeline over time. {run.headline()}. {told}. {run.reading()}"


STAGE_HEADS = ["stage", "workers", "pictures", "one picture, ms", "busy", "waits for room", "idle",
               "in the pool as"]  # fmt: skip
QUEUE_HEADS = ["queue", "bound", "longest", "full"]


def stage_rows(run: PipelineRun) -> list[list[str]]:
    """For the table: a row a stage."""
    rows = []
    for stage in STAGES:
        shares, item = run.shares(stage), run.item_s(stage)
        rows.append([stage, f"{run.lanes(stage)}", f"{run.done(stage)}",
                     "–" if item is None else f"{item * 1e3:.1f}", percent(shares.busy),
                     percent(shares.room), percent(shares.idle), run.ran_in(stage)])  # fmt: skip
    return rows


def queue_rows(run: PipelineRun) -> list[list[str]]:
    """For the table: a row a queue."""
    return [
        [line.name, f"{line.bound}" if line.bound else "none", f"{line.longest}",
         percent(line.full(run.wall_s)) if line.bound else "–"]
        for line in run.lines
    ]  # fmt: skip
