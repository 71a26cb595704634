"""What a trace shows, as numbers: how many at once, who held what, for how long."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..measure.run import Run
from ..measure.trace import COMPUTING_IN_C, HELD, NAMES, READY, RUNNING, UNSEEN, WAITING
from ..models import MODELS, THREADED


class Facts:
    """Numbers of one recorded run; times in ns. Raises ValueError for one without a timeline."""

    def __init__(self, run: Run) -> None:
        if run.trace is None:
            raise ValueError(f"the run of {run.model} was not recorded, so it has no timeline")
        self.run, self.trace, self.model = run, run.trace, run.model
        self.tasks, self.wall = run.trace.tasks, max(1, run.trace.wall_ns)
        #: One row an interval: task, state, begin, end.
        self.rows = np.array(run.trace.cells, dtype=np.int64).reshape(-1, 4)

    def of(self, *states: int) -> np.ndarray:
        """The rows in one of `states`."""
        return self.rows[np.isin(self.rows[:, 1], states)]

    @cached_property
    def sums(self) -> list[int]:
        """Summed over the tasks, by state, as `Trace.totals`."""
        spans = self.rows[:, 3] - self.rows[:, 2]
        return [int(spans[self.rows[:, 1] == state].sum()) for state in range(len(NAMES))]

    @cached_property
    def totals(self) -> dict[int, int]:
        """`sums`, only of states that are there."""
        return {state: spent for state, spent in enumerate(self.sums) if spent}

    @cached_property
    def peak(self) -> int:
        """The most tasks in flight at once, as `Trace.peak`."""
        begin, end = np.array(self.trace.started), np.array(self.trace.ended)
        if not len(begin):
            return 0
        whole = (end > begin) & (begin >= 0)
        return _highest(begin[whole], end[whole])

    def at_once(self, *states: int) -> int:
        """The most tasks in `states` at once, for more than a stray moment.

        Two stamps of a hand-over can lie a little wrong: what lasts for less than a
        five-hundredth of the run in all does not count.
        """
        rows = self.of(*states)
        moments, height = levels(rows[:, 2], rows[:, 3])
        if not len(moments):
            return 0
        spans = np.diff(moments, append=moments[-1])
        lasted = np.bincount(height, weights=spans)
        above = np.cumsum(lasted[::-1])[::-1]
        enough = np.nonzero(above > self.wall / 500)[0]
        return int(enough[-1]) if len(enough) and enough[-1] else int(height.max() > 0)

    def covered(self, *states: int) -> int:
        """ns in which at least one task was in one of `states`."""
        moments, height = levels(*self.of(*states)[:, 2:].T)
        return int((np.diff(moments) * (height[:-1] > 0)).sum()) if len(moments) else 0

    @property
    def looped(self) -> bool:
        """Whether the tasks were steps of an event loop."""
        return HELD in self.totals

    @cached_property
    def threaded(self) -> bool:
        """Whether the tasks ran on several threads of one interpreter.

        Of a learner's own model the record tells.
        """
        own = self.model not in MODELS and len(set(self.trace.lanes)) > 1 and not self.trace.apart
        return not self.looped and (self.model in THREADED or own)

    @cached_property
    def holding(self) -> tuple[int, ...]:
        """The states of the strip: who held the one thing that only one task can have."""
        if self.looped:
            return (HELD,)
        return (RUNNING,) if self.threaded else (RUNNING, COMPUTING_IN_C)

    @cached_property
    def holders(self) -> np.ndarray:
        """Rows (task, begin, end) of the strip, by time; a holder's slices joined."""
        rows = self.of(*self.holding)
        rows = rows[np.argsort(rows[:, 2], kind="stable")][:, (0, 2, 3)]
        if len(rows) < 2:
            return rows
        new = np.append(True, rows[1:, 0] != rows[:-1, 0])
        first = np.nonzero(new)[0]
        ends = np.maximum.reduceat(rows[:, 2], first)
        return np.column_stack((rows[first, 0], rows[first, 1], ends))

    @property
    def switches(self) -> int:
        """How often the holder changed, as `Trace.switches`."""
        return max(0, len(self.holders) - 1)

    @property
    def slice(self) -> float:
        """The median time for which a holder had it, without a break; ns."""
        rows = self.of(*self.holding)
        return float(np.median(rows[:, 3] - rows[:, 2])) if len(rows) else 0.0

    @cached_property
    def _spans(self) -> np.ndarray:
        begin, end = np.array(self.trace.started), np.array(self.trace.ended)
        return (end - begin)[(end >= begin) & (begin >= 0)]

    @property
    def task(self) -> float:
        """The median time from a task's start to its end; ns."""
        return float(np.median(self._spans)) if len(self._spans) else 0.0

    @property
    def in_flight(self) -> int:
        """The times from start to end, summed over the tasks; ns."""
        return int(self._spans.sum())

    def blocked(self) -> int:
        """ns of waiting in which the waiting task held the loop: a blocking call."""
        if not self.looped:
            return 0
        # Every task's times moved to a stretch of their own, then one pass for all.
        apart = int(np.max(self.rows[:, 3])) + 1
        held, waits = (self.of(s)[:, 2:] + apart * self.of(s)[:, :1] for s in (HELD, WAITING))
        held = held[np.argsort(held[:, 0])]
        passed = np.append(0, np.cumsum(held[:, 1] - held[:, 0]))

        def held_before(moments):
            at = np.searchsorted(held[:, 0], moments)
            last = held[np.maximum(at - 1, 0)]
            return passed[at] - np.where(at > 0, np.maximum(0, last[:, 1] - moments), 0)

        return int((held_before(waits[:, 1]) - held_before(waits[:, 0])).sum())

    def unseen(self) -> bool:
        """Whether nothing tells what most of the tasks' time was spent on."""
        return self.totals.get(UNSEEN, 0) * 2 > sum(self.totals.get(s, 0) for s in _IN_LANES)


_IN_LANES = (READY, RUNNING, COMPUTING_IN_C, WAITING, UNSEEN)


def levels(begin, end) -> tuple[np.ndarray, np.ndarray]:
    """How many intervals are open from each moment on, in ns; ends come before begins."""
    moments = np.concatenate((begin, end))
    steps = np.concatenate((np.ones(len(begin), int), -np.ones(len(end), int)))
    order = np.lexsort((steps, moments))
    return moments[order], np.cumsum(steps[order])


def _highest(begin, end) -> int:
    return int(levels(begin, end)[1].max()) if len(begin) else 0
