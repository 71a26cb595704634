"""One experiment on many machines: a row a model, a dot a machine."""

from __future__ import annotations

from statistics import median

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from ..figure import FONT, Sheet, named_rows, text_width
from ..theme import light
from ..words import duration, listed, tick, times

ROW, TOP, AXIS, LEGEND = 48, 8, 46, 26
#: Dots of one row lie on this many lines, so that equal ones stay apart.
LINES = 7
#: Values further apart than this are drawn on a logarithmic axis.
LINEAR = 20


def draw(experiment) -> Sheet:
    """A row a model; where all ran in sequence as well, the speed-up over that."""
    models = shown_models(experiment)
    values = {model: experiment.values(model) for model in models}
    every = [value for row in values.values() for value in row]
    notes = [_note(experiment, values[model]) for model in models]
    sheet, axes, left, bottom = named_rows(models, notes, row=ROW, top=TOP, foot=AXIS + LEGEND)
    logarithmic = _axis(axes, experiment, every)
    for k, model in enumerate(models):
        _dots(axes, experiment, model, k + 0.5)
    words = "times as fast as in sequence" if experiment.relative else "wall time"
    words += ", logarithmic axis" if logarithmic else ""
    sheet.text(left, bottom + 38, words, size=FONT - 0.5, colour="mute")
    _legend(sheet, experiment, left, bottom + AXIS)
    return sheet


def shown_models(experiment) -> list[str]:
    """The rows: without sequential where everything is told as its speed-up."""
    models = experiment.models
    others = [model for model in models if model != "sequential"]
    return others if experiment.relative and others else models


def _axis(axes, experiment, every: list[float]) -> bool:
    """Set the axis of values; gives whether it is logarithmic."""
    name = times if experiment.relative else tick
    logarithmic = max(every) > LINEAR * min(every)
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(min(every) / 1.6, max(every) * 1.6)
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 3.0), numticks=12))
        axes.minorticks_off()
    else:
        axes.set_xlim(0, 1.08 * max([*every, 1.0] if experiment.relative else every))
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    label = (lambda v, _: f"{v:g}×") if name is times else (lambda v, _: tick(v))
    axes.xaxis.set_major_formatter(FuncFormatter(label))
    axes.grid(axis="x")
    if experiment.relative:
        axes.axvline(1, color=light("edge"), lw=1.6, ls=(0, (4, 3)))
    return logarithmic


def _dots(axes, experiment, model: str, middle: float) -> None:
    members = [one for one in experiment.members if model in one.models]
    members.sort(key=lambda one: experiment.value(one, model))
    for number, one in enumerate(members):
        value = experiment.value(one, model)
        place = middle + (number % LINES - LINES // 2) * 0.8 / LINES if len(members) > 1 else middle
        several = not one.one_core()
        axes.plot([value], [place], ls="none", marker="o", ms=6.5, color=light("run"),
                  mfc=light("run") if several else "none", mew=1.6, zorder=4,
                  clip_on=False)  # fmt: skip
    value = median(experiment.values(model))
    axes.plot([value, value], [middle - 0.45, middle + 0.45], color=light("ready"), lw=2.6)


def _note(experiment, values: list[float]) -> str:
    name = times if experiment.relative else duration
    if len(values) == 1:
        return name(values[0])
    return f"{name(median(values))}, from {name(min(values))} to {name(max(values))}"


def _legend(sheet: Sheet, experiment, x: float, y: float) -> None:
    cores = {one.one_core() for one in experiment.members}
    items = [("several", "a machine, 2 usable cores or more")] if False in cores else []
    items += [("one", "a machine with one usable core")] if True in cores else []
    items.append(("median", "median of the machines"))
    for kind, words in items:
        middle = x + 8
        if kind == "median":
            sheet.page.plot([middle] * 2, [y + 1, y + 18], color=light("ready"), lw=2.6)
        else:
            sheet.page.plot([middle], [y + 10], marker="o", ms=6.5, color=light("run"), mew=1.6,
                            mfc=light("run") if kind == "several" else "none")  # fmt: skip
        sheet.text(x + 22, y + 14.5, words)
        x += 22 + text_width(words) + 24


def caption(experiment) -> str:
    """How to read it."""
    how = "to the right is faster" if experiment.relative else "to the left is faster"
    return f"Each dot is one machine; {how}."


def alt(experiment) -> str:
    """The medians and ranges in words."""
    parts = [f"{model} {_note(experiment, experiment.values(model))}"
             for model in shown_models(experiment)]  # fmt: skip
    what = "Times as fast as in sequence" if experiment.relative else "Wall times"
    return f"{experiment.sentence()} {what}: {listed(parts)}."
