"""Whole fragments of HTML, one for each result; what can't be drawn says so in a line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from ..measure.fit import fit
from ..measure.machine import Machine
from ..measure.run import Run
from . import table, words
from .theme import STYLE

if TYPE_CHECKING:  # matplotlib is imported when the first picture is drawn
    from .figure import Sheet


def comparison_html(comparison) -> str:
    """The whole of a comparison: sentences, timeline, times, tables, the machine."""
    failed = comparison.failed()
    if failed is not None:
        return _page(_recorded(comparison), _failure(comparison, failed))
    gil = comparison.machine.gil is not False
    runs = [comparison.traced[model] for model in comparison.models]
    parts = [_headline(comparison)]
    if any(run.never_ran for run in runs):  # nothing to compare, but something to look at
        parts = [_paragraph(comparison.summary()[0], "cav-error"),
                 _drawn(lambda: _timeline(runs, comparison.said, gil)),
                 _drawn(lambda: table.folded("Data: every task", _tables(runs)))]  # fmt: skip
    elif runs:
        parts += [
            _title("One recorded run of each model" if len(runs) > 1 else "One recorded run"),
            _drawn(lambda: _timeline(runs, comparison.said, gil)),
            _title("All measured runs"),
            _drawn(lambda: _times(comparison)),
            _drawn(lambda: _data(comparison, runs)),
        ]
    parts += [_printed(runs), _machine_line(comparison.machine, comparison.recorded)]
    return _page(_recorded(comparison), *parts)


def timeline_html(runs: list[Run], said: dict[str, float] | None = None, *,
                  gil: bool | None = None) -> str:  # fmt: skip
    """Only the timeline of recorded `runs`, with its sentence and its data.

    `gil` says whether they ran under one; without it, whether this interpreter does.
    """
    if gil is None:
        gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    runs = [run for run in runs if run.trace is not None]
    if not runs:
        return _page(_paragraph("None of these runs was recorded, so there is no timeline."))
    return _page(
        _drawn(lambda: _timeline(runs, said or {}, gil)),
        _drawn(lambda: table.folded("Data: the recorded runs", _tables(runs))),
    )  # fmt: skip


def sweep_html(sweep) -> str:
    """The times over the task counts, with sentences and table."""
    lines = sweep.summary()
    failed = next((c for c in sweep.points.values() if c.failed() is not None), None)
    parts = []
    if failed is not None:
        parts.append(_failure(failed, failed.failed()))
    else:
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        parts += [_drawn(lambda: _sweep(sweep)), f"<ul>{items}</ul>"]
        parts.append(_drawn(lambda: table.folded("Data: every task count",
                                                 table.sweep_table(sweep))))  # fmt: skip
    first = next(iter(sweep.points.values()), None)
    parts.append(_machine_line(first.machine) if first else "")
    return _page(*parts)


def machine_html(machine: Machine) -> str:
    """The machine card, with what it can and can't show."""
    if machine.cores < 1.5:
        shows = "One usable core: no way of running tasks can gain from several cores here."
    elif machine.gil is not False:
        shows = (f"{machine.cores:g} usable cores, and a GIL: processes, and C code that "
                 f"releases the GIL, can use them; Python code in threads can't.")  # fmt: skip
    else:
        shows = f"{machine.cores:g} usable cores and no GIL: Python code in threads can use them."
    cores = f"{machine.cores:g} usable of {machine.cores_present}"
    if machine.quota:
        cores += f" (a quota allows {machine.quota:g})"
    memory = "not known" if machine.memory_mb is None else f"{machine.memory_mb / 1024:.1f} GB"
    build = "free-threaded build, " if machine.free_threaded_build else ""
    late, noise = words.duration(machine.timer_late_s), words.duration(machine.timer_noise_s)
    rows = [
        ("Python", f"{machine.implementation} {machine.python}"),
        ("GIL", f"{build}{'off' if machine.gil is False else 'on'}"),
        ("System", machine.system),
        ("Cores", cores),
        ("Memory", memory),
        ("Switch interval", words.tick(machine.switch_interval_s)),
        ("A timer comes back", f"{late} late (9 of 10 within {noise} of that)"),
        ("An asyncio task costs", words.duration(machine.task_s)),
        ("A thread costs", words.duration(machine.thread_s)),
        ("Measured", machine.when),
    ]
    card = table.table("This machine", ["what", "value"], rows, words=True)
    return _page(f'<p class="cav-head">{escape(shows)}</p>', card)


def table_html(caption: str, heads, rows) -> str:
    """A table of words, the first cell of each row its heading."""
    return _page(table.table(caption, heads, rows, words=True))


# --- parts -----------------------------------------------------------------------------


def _page(*parts: str) -> str:
    return f'{STYLE}<div class="cav-figure">{fit("".join(parts))}</div>'


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def _title(text: str) -> str:
    return f'<p class="cav-title">{escape(text)}</p>'


def _headline(comparison) -> str:
    sentences, limits = comparison.summary(), comparison.limits()
    found = [text for text in sentences if text not in limits]
    lines = [_paragraph(text, "" if k else "cav-head") for k, text in enumerate(found)]
    return "".join(lines + [_paragraph(text, "cav-note") for text in limits])


def _failure(comparison, run: Run) -> str:
    traceback = run.failures[0]["traceback"] if run.failures else ""
    advice = "" if comparison.outside else (" Mend what the traceback below points at, then run it "
                                            "again.")  # fmt: skip
    line = _paragraph(f"{comparison.summary()[0]}{advice}", "cav-error")
    return (line + table.folded("Traceback", f"<pre>{escape(traceback)}</pre>" if traceback else "")
            + _printed([run]))  # fmt: skip


def _printed(runs: list[Run]) -> str:
    texts = [f"<p>{escape(run.model)}</p><pre>{escape(run.printed)}</pre>"
             for run in runs if run.printed]  # fmt: skip
    return table.folded("Printed by the tasks", "".join(texts))


def _machine_line(machine: Machine, recorded: str | None = None) -> str:
    where = "Measured on the machine of the recording" if recorded else "Measured on this machine"
    return _paragraph(f"{where}: {machine.sentence()}.", "cav-small")


def _recorded(comparison) -> str:
    """The label of a run that comes from a file; nothing for one that was just measured."""
    if not comparison.recorded:
        return ""
    return _paragraph(words.recorded(comparison), "cav-recorded")


def _drawn(draw: Callable[[], str]) -> str:
    """What `draw` gives, or a line that says why there is nothing: never half a picture."""
    try:
        return draw()
    except Exception as error:
        cause = f"{type(error).__name__}: {error}"
        return _paragraph(f"This part could not be drawn ({cause}). The numbers above hold.",
                          "cav-note")  # fmt: skip


def _figure(draw: Callable[[], Sheet], alt: str, caption: str) -> str:
    """What `draw` draws, with its description and its caption; one figure at a time."""
    from . import figure

    with figure.drawing():
        svg = figure.to_svg(draw(), alt)
    drawn = f'<div class="cav-drawn" data-lm-suppress-shortcuts="true">{svg}</div>'  # may scroll
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"


def _facts(runs: list[Run]) -> list:
    from .facts import Facts

    return [Facts(run) for run in runs]


def _timeline(runs: list[Run], said: dict[str, float], gil: bool) -> str:
    from . import timeline

    facts = _facts(runs)
    alt = words.timeline_alt(facts, said)
    return _figure(lambda: timeline.draw(facts, said, gil), alt, words.caption(facts))


def _times(comparison) -> str:
    from . import bars

    return _figure(lambda: bars.draw(comparison), bars.alt(comparison), bars.caption(comparison))


def _sweep(sweep) -> str:
    from . import sweep as lines

    return _figure(lambda: lines.draw(sweep), lines.alt(sweep), lines.caption(sweep))


def _tables(runs: list[Run]) -> str:
    """The recorded runs, a row each, and their tasks."""
    return table.runs_table(_facts(runs)) + "".join(table.tasks_table(run) for run in runs)


def _data(comparison, runs: list[Run]) -> str:
    return table.folded("Data: every model and every task",
                        table.models_table(comparison) + _tables(runs))  # fmt: skip
