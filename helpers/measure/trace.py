"""A trace: who ran, waited or was ready, when. Computed from raw records, after the run."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from ..workloads.marks import GAP_NS, NATIVE, PYTHON, WAIT

if TYPE_CHECKING:
    from .recorder import Board

#: What a task can be doing. HELD: the loop was this task's (asyncio; drawn in the strip
#: above the lanes). READY: it could run, and something else did. RUNNING: it ran Python
#: code. COMPUTING_IN_C: it ran C code that had released the GIL. WAITING: for a timer, a
#: socket, a thread. UNSEEN: it was in progress, and nothing tells what it did.
HELD, READY, RUNNING, COMPUTING_IN_C, WAITING, UNSEEN = range(6)
NAMES = ("held", "ready", "running", "computing in C", "waiting", "in progress")

#: A state, its begin and its end.
_Piece = tuple[int, int, int]

ROW = 4  # task, state, begin_ns, end_ns


@dataclass
class Trace:
    """Intervals of one run, each ``(task, state, begin_ns, end_ns)``, flat in `cells`.

    Times count from the run's start, in ns. `submitted`, `started`, `ended` hold one
    value a task (0 or less: at the start; -1 in `ended`: never). `lanes` holds a small
    number for the thread or process that each task ran on, 0 for the first one seen. `apart`
    says that those were processes.
    """

    tasks: int
    wall_ns: int
    apart: bool = False
    cells: array = field(default_factory=lambda: array("q"))
    submitted: array = field(default_factory=lambda: array("q"))
    started: array = field(default_factory=lambda: array("q"))
    ended: array = field(default_factory=lambda: array("q"))
    lanes: array = field(default_factory=lambda: array("q"))

    def add(self, task: int, state: int, begin: int, end: int) -> None:
        """Add an interval, unless it is empty."""
        if end > begin:
            self.cells.extend((task, state, begin, end))

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        """The intervals, as tuples."""
        cells = self.cells
        for k in range(0, len(cells), ROW):
            yield cells[k], cells[k + 1], cells[k + 2], cells[k + 3]

    def totals(self) -> list[int]:
        """Nanoseconds in each state, summed over the tasks; index = state."""
        sums = [0] * len(NAMES)
        for _, state, begin, end in self.rows():
            sums[state] += end - begin
        return sums

    def peak(self) -> int:
        """The most tasks in flight at once (started and not ended)."""
        edges = []
        for begin, end in zip(self.started, self.ended, strict=True):
            if end > begin >= 0:
                edges += [(begin, 1), (end, -1)]
        count = most = 0
        for _, step in sorted(edges):
            count += step
            most = max(most, count)
        return most

    def holders(self) -> list[tuple[int, int, int]]:
        """Who held the one thing that only one task can have: ``(task, begin, end)``.

        With asyncio that is the loop, else it is Python itself (the GIL). Sorted by time.
        """
        rows = list(self.rows())
        held = [(t, a, b) for t, state, a, b in rows if state == HELD]
        held = held or [(t, a, b) for t, state, a, b in rows if state == RUNNING]
        return sorted(held, key=lambda row: row[1])

    def switches(self) -> int:
        """How often the holder changed from one task to another."""
        order = [task for task, _, _ in self.holders()]
        return sum(a != b for a, b in pairwise(order))


def build(
    board: Board,
    marks: list[list] | None,
    begin_ns: int,
    wall_ns: int,
    steps: Iterable[tuple[int, int, int, int]] | None = None,
    one_gil: bool = False,
) -> Trace:
    """The trace of a run, from its board, its marks and, with asyncio, its steps.

    `steps` yields ``(number, ready_ns, begin_ns, end_ns)`` in order of time. Raw times
    are those of the clock; the trace's count from `begin_ns`. `one_gil` says that all
    tasks ran under the same GIL.
    """
    if one_gil and marks:
        marks = _hand_overs(marks)
    trace = Trace(board.tasks, wall_ns)
    for name in ("submitted", "started", "ended"):
        column = getattr(board, name)
        getattr(trace, name).extend(v - begin_ns if v else -1 for v in column)
    lanes: dict[int, int] = {}
    trace.lanes.extend(lanes.setdefault(ident, len(lanes)) for ident in board.thread)
    per_task: dict[int, list] = {}
    if steps is not None:
        for number, ready, begin, end in steps:
            per_task.setdefault(number, []).append((ready, begin, end))
    for task in range(board.tasks):
        if not board.started[task]:
            continue
        own = _phases(marks[task], begin_ns) if marks else []
        start, end = trace.started[task], trace.ended[task]
        if end < 0:
            end = wall_ns
        if steps is None:
            _blocking(trace, task, start, end, own)
        else:
            _coroutine(trace, task, per_task.get(task, []), own, begin_ns)
    return trace


def _hand_overs(marks: list[list]) -> list[list]:
    """The marks, with slices of Python code cut where another task was seen to run.

    A task that was gone for less than a gap between stamps looks as if it had gone on.
    Under one GIL, what another task's stamps show in that moment is better evidence.
    Overlaps longer than such a gap stay: they would mean that there was no GIL.
    """
    pieces = sorted(
        (begin, end, task)
        for task, own in enumerate(marks)
        for kind, *rest in own
        if kind == PYTHON
        for begin, end in rest[0]
    )
    kept: dict[int, list[tuple[int, int]]] = {}
    open_pieces: list[tuple[int, int, int]] = []  # a stack: the last one is the innermost
    for begin, end, task in pieces:
        while open_pieces and open_pieces[-1][1] <= begin:
            a, b, owner = open_pieces.pop()
            kept.setdefault(owner, []).append((a, b))
        if open_pieces and min(end, open_pieces[-1][1]) - begin < GAP_NS:
            a, b, owner = open_pieces.pop()
            kept.setdefault(owner, []).append((a, begin))
            if b > end:
                open_pieces.append((end, b, owner))
        open_pieces.append((begin, end, task))
    for a, b, owner in open_pieces:
        kept.setdefault(owner, []).append((a, b))
    return [
        [mark for mark in own if mark[0] != PYTHON]
        + ([(PYTHON, sorted(kept[task]))] if task in kept else [])
        for task, own in enumerate(marks)
    ]


def _phases(marks: list, origin: int) -> list[tuple[int, int, int]]:
    """A task's own marks as ``(state, begin, end)``, in order; gaps between are READY."""
    phases = []
    for kind, *rest in marks:
        if kind == WAIT:
            begin, due, end = rest
            phases.append((WAITING, begin - origin, due - origin))
            phases.append((READY, due - origin, end - origin))
        elif kind in (PYTHON, NATIVE):
            state = RUNNING if kind == PYTHON else COMPUTING_IN_C
            phases += [(state, begin - origin, end - origin) for begin, end in rest[0]]
    return sorted(phases, key=lambda phase: phase[1])


def _blocking(trace: Trace, task: int, start: int, end: int, phases: list[_Piece]) -> None:
    if not phases:
        trace.add(task, UNSEEN, start, end)
        return
    cursor = start
    for state, begin, stop in phases:
        trace.add(task, READY, cursor, begin)  # it could run, and was not seen to
        trace.add(task, state, max(begin, cursor), stop)
        cursor = max(cursor, stop)
    trace.add(task, READY, cursor, end)


def _coroutine(trace: Trace, task: int, steps: list, phases: list[_Piece], origin: int) -> None:
    # Only what lies between the task's start and end is drawn: a task that waits for
    # the semaphore of the cap has not started.
    start, stop = trace.started[task], trace.ended[task]
    stop = stop if stop >= 0 else trace.wall_ns
    previous = None
    for ready, begin, end in steps:
        begin, end = begin - origin, min(end - origin, stop)
        if end <= start:
            previous = end
            continue
        if previous is not None and previous >= start:
            free = previous if ready == -1 else min(max(ready - origin, previous), begin)
            trace.add(task, WAITING, previous, free)
            trace.add(task, READY, free, begin)
        begin = max(begin, start)
        trace.add(task, HELD, begin, end)
        _inside(trace, task, begin, end, phases)
        previous = end


def _inside(trace: Trace, task: int, begin: int, end: int, phases: list[_Piece]) -> None:
    """One step of a coroutine: running, except where the task's marks say otherwise."""
    cursor = begin
    for state, a, b in phases:
        a, b = max(a, cursor), min(b, end)
        if b <= a:
            continue
        # Between two slices of one computation more than a stamp apart it did not run;
        # all else inside a step is the task's own Python code.
        between = READY if state == RUNNING and a - cursor > GAP_NS else RUNNING
        trace.add(task, between, cursor, a)
        trace.add(task, state, a, b)
        cursor = b
    trace.add(task, RUNNING, cursor, end)
