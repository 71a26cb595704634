"""What a trace tells about the GIL: who had it, for how long, and whether there was one."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from ..workloads.marks import GAP_NS
from .trace import RUNNING, Trace

#: A turn shorter than this can't be told from a gap between two stamps of one task.
SHORTEST_S = GAP_NS / 1e9


def turns(trace: Trace) -> list[tuple[int, int, int]]:
    """Who ran Python code, by time: ``(task, begin_ns, end_ns)``.

    Slices of one task with nobody else between them are one turn: an interruption by the
    operating system is no hand-off of the GIL.
    """
    joined: list[tuple[int, int, int]] = []
    rows = [(begin, task, end) for task, state, begin, end in trace.rows() if state == RUNNING]
    for begin, task, end in sorted(rows):
        if joined and joined[-1][0] == task:
            joined[-1] = task, joined[-1][1], max(end, joined[-1][2])
        else:
            joined.append((task, begin, end))
    return joined


def slices(trace: Trace) -> list[float]:
    """Seconds of each turn that ended in a hand-off.

    The last turn of a task is left out: it ended because the work did. Each value is
    short by up to two stamps of the workload, some 0.1 ms.
    """
    found = turns(trace)
    last = {task: number for number, (task, _, _) in enumerate(found)}
    return [(end - begin) / 1e9 for number, (task, begin, end) in enumerate(found)
            if number < last[task]]  # fmt: skip


def hand_offs(trace: Trace) -> int:
    """How often the turn went from one task to another."""
    return max(0, len(turns(trace)) - 1)


def together(trace: Trace) -> float:
    """Of the time in which any task ran Python code, the share in which two or more did.

    About 0 under a GIL; stamps of a hand-off may lie a little wrong. 0.0 for no rows.
    """
    edges = []
    for _, state, begin, end in trace.rows():
        if state == RUNNING:
            edges += [(begin, 1), (end, -1)]
    count = some = several = before = 0
    for moment, step in sorted(edges):
        some += (moment - before) * (count > 0)
        several += (moment - before) * (count > 1)
        count, before = count + step, moment
    return several / some if some else 0.0


@dataclass(frozen=True)
class Spread:
    """How values are spread: count, sum, the 10th, 50th and 90th of a hundred, the largest.

    `total`, `low`, `middle`, `high` and `largest` are in the unit of the values.
    """

    count: int
    total: float
    low: float
    middle: float
    high: float
    largest: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of `values`. Raises ValueError for none."""
        if not values:
            raise ValueError("there is no spread without a value")
        ordered = sorted(values)
        at = len(ordered) - 1
        return cls(len(ordered), sum(ordered), ordered[round(at * 0.1)], median(ordered),
                   ordered[round(at * 0.9)], ordered[-1])  # fmt: skip
