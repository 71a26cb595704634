"""The measured times of a comparison: medians, every repeat, the predictions."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from .figure import FONT, Sheet, boxes, named_rows, text_width
from .theme import light
from .words import counted, duration, tick

ROW, TOP, AXIS, LEGEND = 34, 8, 46, 26
#: Times further apart than this are drawn on a logarithmic axis.
LINEAR = 20


def draw(comparison) -> Sheet:
    """A row a model."""
    models = comparison.models
    values = {m: _values(comparison, m) for m in models}
    every = [t for one in values.values() for t in one if t]
    logarithmic = max(every) > LINEAR * min(every)
    notes = [_note(comparison, m) for m in models]
    sheet, axes, left, bottom = named_rows(models, notes, row=ROW, top=TOP, foot=AXIS + LEGEND)
    start = _axis(axes, every, logarithmic)
    for k, model in enumerate(models):
        _row(axes, comparison, model, k + 0.5, start, logarithmic)
    words = "wall time, logarithmic axis" if logarithmic else "wall time"
    sheet.text(left, bottom + 38, words, size=FONT - 0.5, colour="mute")
    _legend(sheet, comparison, models, left, bottom + AXIS)
    return sheet


def _values(comparison, model: str) -> list[float | None]:
    return [*comparison.walls(model), comparison.predicted(model), comparison.said.get(model)]


def _note(comparison, model: str) -> str:
    repeats = len(comparison.repeats.get(model, {}))
    how = f"median of {repeats}" if repeats > 1 else "measured once"
    return f"{duration(comparison.wall(model))}, {how}"


def _axis(axes, every: list[float], logarithmic: bool) -> float:
    """Set the axis of time; gives where the bars begin."""
    shown = FuncFormatter(lambda value, _: tick(value))
    if logarithmic:
        start = min(every) / 1.6
        axes.set_xscale("log")
        axes.set_xlim(start, max(every) * 1.3)
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 3.0), numticks=12))
        axes.minorticks_off()
    else:
        start = 0.0
        axes.set_xlim(0, max(every) * 1.06)
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(shown)
    axes.grid(axis="x")
    return start


def _row(axes, comparison, model: str, y: float, start: float, logarithmic: bool) -> None:
    median, walls = comparison.wall(model), comparison.walls(model)
    if logarithmic:  # a bar's length would mean nothing where there is no zero
        axes.plot([start, median], [y, y], color=light("edge"), lw=1, ls=(0, (1, 2)))
    else:
        boxes(axes, [0], [median], y - 0.27, y + 0.27, fill="bar")
    axes.plot([median, median], [y - 0.33, y + 0.33], color=light("run"), lw=2.6)
    axes.plot(walls, [y] * len(walls), ls="none", marker="o", ms=5.5, color=light("run"),
              mec=light("bg"), mew=0.8, zorder=4)  # fmt: skip
    predicted, said = comparison.predicted(model), comparison.said.get(model)
    if predicted:
        axes.plot([predicted], [y + 0.02], ls="none", marker="D", ms=8.5, color=light("ready"),
                  mfc="none", mew=2, zorder=5)  # fmt: skip
    if said:
        axes.plot([said, said], [y - 0.46, y + 0.46], color=light("fg"), lw=1.8, ls=(0, (4, 2.4)))


def _legend(sheet, comparison, models, x: float, y: float) -> None:
    predicted = any(comparison.predicted(m) for m in models)
    items = [("dot", "one measured run"), ("median", "median")]
    if predicted:
        items.append(("predicted", "predicted by a simple model"))
    if any(comparison.said.get(m) for m in models):
        items.append(("said", "you said"))
    for kind, words in items:
        middle = x + 8
        if kind == "dot":
            sheet.page.plot([middle], [y + 10], marker="o", ms=5.5, color=light("run"))
        elif kind == "predicted":
            sheet.page.plot([middle], [y + 10], marker="D", ms=8.5, mfc="none",
                            color=light("ready"), mew=2)  # fmt: skip
        elif kind == "median":
            sheet.page.plot([middle] * 2, [y + 1, y + 18], color=light("run"), lw=2.6)
        else:
            sheet.line([middle] * 2, [y + 1, y + 18], width=1.8, dashes=(4, 2.4))
        sheet.text(x + 22, y + 14.5, words)
        x += 22 + text_width(words) + 24


def caption(comparison) -> str:
    """How far the simple prediction, and the learner, were off."""
    off = {}
    for model in comparison.models:
        predicted, wall = comparison.predicted(model), comparison.wall(model)
        if predicted:
            off[model] = max(predicted, wall) / min(predicted, wall)
    parts = []
    if off:
        worst = max(off, key=off.__getitem__)
        if off[worst] <= 1.05:
            parts.append("The simple model predicted every time to within 5 %.")
        else:
            parts.append(f"The simple model is furthest off for {worst}: "
                         f"{duration(comparison.predicted(worst))} predicted, "
                         f"{duration(comparison.wall(worst))} measured.")  # fmt: skip
    guesses = [f"{duration(comparison.said[m])} for {m} and it took {duration(comparison.wall(m))}"
               for m in comparison.models if comparison.said.get(m)]  # fmt: skip
    if guesses:
        parts.append(f"You said {'; '.join(guesses)}.")
    return " ".join(parts) or "Each dot is one measured run."


def alt(comparison) -> str:
    """The times in words."""
    parts = []
    for model in comparison.models:
        walls, predicted = comparison.walls(model), comparison.predicted(model)
        text = f"{model} {duration(comparison.wall(model))}"
        if len(walls) > 1:
            text += f" (from {duration(min(walls))} to {duration(max(walls))})"
        parts.append(text + (f", predicted {duration(predicted)}" if predicted else ""))
    tasks = counted(comparison.request.tasks, "task")
    return f"Median wall times of {tasks}: {'; '.join(parts)}. {caption(comparison)}"
