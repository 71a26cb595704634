"""A trace as columns of small whole numbers, and back; what does not fit together is refused."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from ...measure.trace import NAMES, ROW, Trace

PER_TASK = ("submitted", "started", "ended", "lanes")
#: Nanoseconds; no run takes a day.
LONGEST_NS = 86_400_000_000_000


class Misfit(ValueError):
    """The columns are not those of a trace; the message says which, without "the"."""


def as_columns(trace: Trace) -> dict[str, Any]:
    """The columns of `trace`: each interval's begin counts from the one before it, in ns."""
    cells = trace.cells
    task, state, begin, end = (cells[k::ROW].tolist() for k in range(ROW))
    steps = [b - a for a, b in zip([0, *begin[:-1]], begin, strict=True)] if begin else []
    spans = [b - a for a, b in zip(begin, end, strict=True)]
    return {
        "wall_ns": trace.wall_ns,
        "apart": trace.apart,
        "task": task,
        "state": state,
        "begin": steps,
        "span": spans,
        **{name: getattr(trace, name).tolist() for name in PER_TASK},
    }


def from_columns(columns: dict[str, Any], tasks: int) -> Trace:
    """The trace of `as_columns`. Raises Misfit for columns that are not those of one."""
    trace = Trace(tasks, columns["wall_ns"], columns["apart"])
    for name in PER_TASK:
        values = _whole(columns[name], name, -LONGEST_NS, LONGEST_NS)
        if len(values) != tasks:
            raise Misfit(f"column {name} has {len(values):,} values for {tasks:,} tasks")
        setattr(trace, name, values)
    task = _whole(columns["task"], "task", 0, tasks - 1)
    state = _whole(columns["state"], "state", 0, len(NAMES) - 1)
    steps = _whole(columns["begin"], "begin", -LONGEST_NS, LONGEST_NS)
    span = _whole(columns["span"], "span", 1, LONGEST_NS)
    if not len(task) == len(state) == len(steps) == len(span):
        raise Misfit("columns task, state, begin and span are not equally long")
    begin = _whole(accumulate(steps), "begin", -LONGEST_NS, LONGEST_NS)
    cells = array("q", bytes(8 * ROW * len(task)))
    cells[0::ROW], cells[1::ROW], cells[2::ROW] = task, state, begin
    cells[3::ROW] = array("q", (a + b for a, b in zip(begin, span, strict=True)))
    trace.cells = cells
    return trace


def _whole(values: Iterable[Any], name: str, least: int, most: int) -> array:
    """`values` as an array, if all are whole numbers within bounds."""
    values = list(values)
    if set(map(type, values)) - {int}:  # a bool is none, nor is 1.0
        raise Misfit(f"column {name} holds something that is no whole number")
    if values and not (least <= min(values) and max(values) <= most):
        raise Misfit(f"column {name} holds a number that can't be")
    return array("q", values)
