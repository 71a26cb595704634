"""A timeline by worker: which task ran where, and which of them a death ended."""

from __future__ import annotations

from typing import Any

from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..figure import FONT, WIDTH, Sheet, boxes, text_width
from ..theme import light
from ..words import counted, listed, number, tick

TITLE, LANE, GAP, AXIS, LEGEND, LEFT, RIGHT = 26, 34, 16, 26, 56, 92, 24
DONE, AGAIN = "finished", "finished, at the second start"
GONE, LOST = "finished, but the result is lost", "started, never finished"
#: How each kind of start is drawn.
KINDS: dict[str, dict[str, Any]] = {
    DONE: {"fill": "bar", "edge": "edge"},
    AGAIN: {"fill": "ready", "edge": "edge"},
    GONE: {"fill": "bar", "hatch": "xx", "hatch_colour": "error", "edge": "error"},
    LOST: {"fill": "bg", "hatch": "/////", "hatch_colour": "error", "edge": "error"},
}
HEADS = ["", "process", "started, ms", "ended, ms", "outcome"]


def draw(panels) -> Sheet:
    """A panel a batch, a lane a worker, the same scale in all."""
    lanes = sum(len(loss.workers()) for loss in panels.values())
    height = sum(TITLE + AXIS + GAP for _ in panels) + lanes * LANE + LEGEND
    sheet = Sheet(height)
    last = max(end_of(report, loss) for loss in panels.values() for report in loss.reports)
    y = 0.0
    for title, loss in panels.items():
        y = _panel(sheet, title, loss, y, last * 1.02)
    present = {kind for loss in panels.values() for kind in kinds_of(loss).values()}
    _legend(sheet, height - 34, [kind for kind in KINDS if kind in present])
    return sheet


def end_of(report, loss) -> float:
    """Where a task's bar ends, in seconds: at its end, or, where it has none, at the death."""
    if report.end is not None:
        return report.end
    return max(report.begin, loss.at) if loss.at is not None else report.begin


def _panel(sheet: Sheet, title: str, loss, y: float, last: float) -> float:
    sheet.text(LEFT, y + 16, title, bold=True)
    y += TITLE
    workers = loss.workers()
    tall, wide = LANE * len(workers), WIDTH - LEFT - RIGHT
    axes = sheet.axes(LEFT, y, wide, tall)
    axes.set(xlim=(0, last), ylim=(len(workers) - 0.5, -0.5), yticks=[])
    axes.xaxis.set_major_locator(MaxNLocator(8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.grid(axis="x")
    kinds = kinds_of(loss)
    for k, pid in enumerate(workers):
        sheet.text(LEFT - 10, y + LANE * (k + 0.5), f"worker {k + 1}", ha="right", va="center")
        for report in loss.reports:
            if report.pid == pid:
                _bar(axes, k, report, loss, kinds[report], last)
    if loss.at is not None:
        axes.plot([loss.at] * 2, [-0.5, len(workers) - 0.5], color=light("error"), lw=1.8,
                  ls=(0, (4, 3)), zorder=6)  # fmt: skip
        row = workers.index(loss.killed) if loss.killed in workers else 0
        axes.plot([loss.at], [row], marker="X", ms=13, color=light("error"), mec=light("bg"),
                  mew=1.2, zorder=7, clip_on=False)  # fmt: skip
    return y + tall + AXIS + GAP


def kinds_of(loss) -> dict:
    """For each start of a task, in the order of the starts, which of `KINDS` it is."""
    found, seen = {}, set()
    last = {report.number: report for report in loss.reports}
    for report in loss.reports:
        if report.end is None:
            found[report] = LOST
        elif last[report.number] is not report:
            found[report] = GONE
        else:
            found[report] = AGAIN if report.number in seen else DONE
        seen.add(report.number)
    return found


def _bar(axes, row: int, report, loss, kind: str, last: float) -> None:
    begin, end = report.begin, end_of(report, loss)
    boxes(axes, [begin], [end], row - 0.36, row + 0.36, **KINDS[kind])
    room = (end - begin) / last * (WIDTH - LEFT - RIGHT)
    if room > text_width(str(report.number)) + 4:
        axes.text((begin + end) / 2, row, str(report.number), ha="center", va="center",
                  fontsize=FONT - 0.5, fontweight="bold", color=light("fg"), zorder=8,
                  bbox={"facecolor": light("bg"), "edgecolor": "none", "pad": 1.5})  # fmt: skip


def _legend(sheet: Sheet, y: float, kinds: list[str]) -> None:
    x: float = LEFT
    for words in [*kinds, "the worker is killed"]:
        if x > LEFT and x + 32 + text_width(words) > WIDTH:
            x, y = LEFT, y + 24
        if words in KINDS:
            boxes(sheet.page, [x], [x + 24], y - 14, y, **KINDS[words])
        else:
            sheet.page.plot([x + 12], [y - 7], marker="X", ms=11, color=light("error"))
        sheet.text(x + 32, y - 2, words)
        x += 32 + text_width(words) + 20


def sentence(title: str, loss) -> str:
    """What became of one batch."""
    started, finished, again = loss.tasks(), loss.finished(), loss.again()
    text = f"{title}: {len(finished)} of {counted(len(started), 'started task')} finished"
    lost = [number_ for number_ in started if number_ not in finished]
    if again:
        text += f"; started twice: {listed(map(str, again))}"
    if lost:
        text += f"; lost in the middle: {listed(map(str, lost))}"
    return text + "."


def rows(panels) -> list[list]:
    """For the table: a row for each start of a task."""
    found = []
    for title, loss in panels.items():
        for report, kind in kinds_of(loss).items():
            ended = None if report.end is None else report.end * 1e3
            found.append([f"{title}: task {report.number}", str(report.pid),
                          number(report.begin * 1e3), number(ended), kind])  # fmt: skip
    return found
