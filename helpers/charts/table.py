"""Tables as HTML, and which numbers go into the tables of each result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from statistics import median
from typing import Any

from ..measure.run import Run
from ..measure.trace import COMPUTING_IN_C, NAMES, READY, RUNNING, UNSEEN, WAITING
from .words import milliseconds, number

MOST_ROWS = 60
_STATES = (RUNNING, COMPUTING_IN_C, WAITING, READY, UNSEEN)


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence], words: bool = False) -> str:
    """A table: the first cell of each row is its heading. Everything is escaped.

    A wide one scrolls, by keyboard as well: JupyterLab leaves the arrow keys to the box that
    Tab comes to. A click comes to the table in it, from where Ctrl+Enter still runs the cell.
    """
    # a heading without words is none
    head = "".join(f'<th scope="col">{escape(str(h))}</th>' if h else "<td></td>" for h in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    kind = ' class="cav-words"' if words else ""
    return (
        f'<div class="cav-wide" role="group" aria-label="{escape(caption)}" tabindex="0" '
        f'data-lm-suppress-shortcuts="true"><table tabindex="-1"{kind}>'
        f"<caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(label: str, content: str) -> str:
    """Content behind a line that opens it."""
    return f"<details><summary>{escape(label)}</summary>{content}</details>" if content else ""


def models_table(comparison) -> str:
    """A column a model: its times, and what it used."""
    models = comparison.models
    runs = {m: list(comparison.repeats.get(m, {}).values()) for m in models}
    lags = {m: comparison.traced[m].lag for m in models}

    def used(name: str, digits: int = 0, scale: float = 1.0) -> list[str]:
        return [_middle([getattr(run.usage, name) for run in runs[m] or [comparison.traced[m]]],
                        digits, scale) for m in models]  # fmt: skip

    def lag(name: str) -> list[str]:
        return [number(getattr(lags[m], name), 2) if lags[m] else "–" for m in models]

    rows: list[list[Any]] = [
        ["median, ms", *(milliseconds(comparison.wall(m)) for m in models)],
        ["fastest, ms", *(milliseconds(min(comparison.walls(m))) for m in models)],
        ["slowest, ms", *(milliseconds(max(comparison.walls(m))) for m in models)],
        ["repeats", *(len(runs[m]) for m in models)],
        ["predicted by a simple model, ms",
         *(milliseconds(comparison.predicted(m)) for m in models)],
        ["you said, ms", *(milliseconds(comparison.said.get(m)) for m in models)],
        ["cores used", *used("cores", 2)],
        ["CPU time, ms", *used("cpu_s", 1, 1e3)],
        ["context switches, voluntary", *used("voluntary")],
        ["context switches, involuntary", *used("involuntary")],
        ["peak memory growth, MB", *used("grown_mb", 1)],
        ["threads", *used("threads")],
        ["loop lag, median, ms", *lag("median_ms")],
        ["loop lag, longest, ms", *lag("max_ms")],
        ["loop lag, mean over time, ms", *lag("weighted_ms")],
    ]  # fmt: skip
    rows = [row for row in rows if any(cell != "–" for cell in row[1:])]
    caption = "By model: medians of the measured repeats; the loop's lag is from the recorded run"
    return table(caption, ["", *models], rows)


def _middle(values: list, digits: int, scale: float) -> str:
    known = [value * scale for value in values if value is not None]
    return number(median(known), digits) if known else "–"


def _without_empty(heads: list[str], rows: list[list]) -> list[str]:
    """Take columns without any value out of `rows`; gives the heads that stay."""
    kept = [k for k in range(len(heads)) if any(row[k] != "–" for row in rows)]
    for row in rows:
        row[:] = [row[k] for k in kept]
    return [heads[k] for k in kept]


def runs_table(all_facts: list) -> str:
    """A row a recorded run: the states' sums."""
    heads = ["model", "wall ms", "tasks", "most in flight", *(f"{NAMES[s]} ms" for s in _STATES)]
    rows = [
        [f.model, milliseconds(f.wall / 1e9), f"{f.tasks:,}", f"{f.peak:,}", *_sums(f.sums)]
        for f in all_facts
    ]
    return table("Recorded runs; states summed over all tasks", _without_empty(heads, rows), rows)


def _sums(nanoseconds) -> list[str]:
    return [milliseconds(nanoseconds[state] / 1e9) if nanoseconds[state] else "–"
            for state in _STATES]  # fmt: skip


def tasks_table(run: Run) -> str:
    """A row a task: when it started and ended, and how long it was in each state."""
    trace = run.trace
    if trace is None or trace.tasks > MOST_ROWS:
        return ""
    sums = [[0] * len(NAMES) for _ in range(trace.tasks)]
    for task, state, begin, end in trace.rows():
        sums[task][state] += end - begin
    rows = []
    for task in range(trace.tasks):
        stamps = [trace.started[task], trace.ended[task]]
        rows.append([f"task {task}", *("never" if s < 0 else milliseconds(s / 1e9) for s in stamps),
                     *_sums(sums[task])])  # fmt: skip
    heads = ["task", "started", "ended", *(NAMES[state] for state in _STATES)]
    return table(f"{run.model}, the recorded run: milliseconds by task",
                 _without_empty(heads, rows), rows)  # fmt: skip


def sweep_table(sweep) -> str:
    """A row a task count, a column a model: median milliseconds."""
    models = sweep.models
    rows = [
        [f"{count:,}", *(milliseconds(c.wall(m)) if m in c.traced else "–" for m in models)]
        for count, c in sweep.points.items()
    ]
    return table("Median wall time in milliseconds", ["tasks", *models], rows)
