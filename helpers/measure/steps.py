"""Every step of every task of an asyncio loop, and the loop's own rests.

A loop runs one `asyncio.Handle` after another; each step of a task is one. Replacing
``Handle._run`` sees them all for some 300 ns a step, without a call into the tasks. What
they called is kept as it is and looked at after the run: who it belonged to, and which
timer woke whom. A loop that is not asyncio's own (uvloop) is not seen.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter_ns as now

_Handle = asyncio.events.Handle
_TimerHandle = asyncio.events.TimerHandle


class Steps:
    """What was seen: raw lists while it runs, `of_tasks()` afterwards."""

    def __init__(self) -> None:
        self.steps: list = []  # callback, args, begin, end, ... of handles as they run
        self.timers: list = []  # args, when, ... of timers as they fire
        self.rests: list = []  # begin, end, ... of the selector's waits

    def of_tasks(self) -> Iterator[tuple[asyncio.Task, int, int, int]]:
        """Yield ``(task, ready_ns, begin_ns, end_ns)`` for each step, in order of time.

        `ready_ns` is when the step could have run: when its timer was due, or, for
        another cause, when the loop began the pass in which the step ran (the latest
        moment it can have become ready); -1 if it was ready as soon as it was scheduled.
        """
        due = {}
        for args, when in zip(self.timers[::2], self.timers[1::2], strict=True):
            if args:
                due[id(args[0])] = int(when * 1e9)
        rest = iter(self.rests[1::2])
        pass_begin, next_pass = 0, next(rest, None)
        flat = self.steps
        for k in range(0, len(flat), 4):
            callback, cause, begin, end = flat[k : k + 4]
            while next_pass is not None and next_pass <= begin:
                pass_begin, next_pass = next_pass, next(rest, None)
            task = getattr(callback, "__self__", None)
            if not isinstance(task, asyncio.Task):
                continue
            # no cause: a first step, or one after sleep(0)
            ready = due.get(id(cause[0]), pass_begin) if cause else -1
            yield task, min(ready, begin), begin, end


def by_number(
    steps: Iterable[tuple[asyncio.Task, int, int, int]],
    started: Sequence[int] | memoryview,
    ended: Sequence[int] | memoryview,
) -> list[tuple[int, int, int, int]]:
    """Steps of asyncio tasks as steps of the numbered tasks that they ran, in order of time.

    A numbered task started in the one step that was going on at that moment, and all
    steps of the same asyncio task until its end are its own. So an asyncio task may run
    several numbers one after the other, as workers that empty a queue do. `started` and
    `ended` are the board's columns (0: never).
    """
    steps = list(steps)
    begins = [begin for _, _, begin, _ in steps]
    runs_of: dict[asyncio.Task, list[tuple[int, int, int]]] = {}
    for number, moment in enumerate(started):
        at = bisect_right(begins, moment) - 1
        if moment and at >= 0 and moment <= steps[at][3]:
            end = ended[number] or steps[-1][3]
            runs_of.setdefault(steps[at][0], []).append((moment, end, number))
    for runs in runs_of.values():
        runs.sort()
    found, first = [], dict.fromkeys(runs_of, 0)
    for task, ready, begin, end in steps:
        if task not in runs_of:
            continue
        runs = runs_of[task]
        at = first[task]
        while at < len(runs) and runs[at][1] <= begin:
            at += 1  # that number had ended before this step
        first[task] = at
        while at < len(runs) and runs[at][0] < end:
            found.append((runs[at][2], ready, begin, end))
            at += 1
    return found


@contextlib.contextmanager
def watch_steps() -> Iterator[Steps]:
    """Record the steps of every asyncio loop of this process while the block runs.

    Meant for a process that does nothing else: it patches asyncio itself, and puts it
    back at the end.
    """
    seen = Steps()
    add, add_timer, add_rest = seen.steps.append, seen.timers.append, seen.rests.append
    run, loop_init = _Handle._run, asyncio.BaseEventLoop.run_forever

    def _run(self):
        callback, args = self._callback, self._args
        add(callback)
        add(args)
        add(now())
        # What the original does, without one more call: it runs for every step.
        try:
            self._context.run(callback, *args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            context = {"message": f"Exception in callback {self!r}", "exception": error,
                       "handle": self}  # fmt: skip
            if self._source_traceback:
                context["source_traceback"] = self._source_traceback
            self._loop.call_exception_handler(context)
        add(now())

    def _run_timer(self):
        # asyncio.sleep wipes its timer's arguments as soon as it wakes
        add_timer(self._args)
        add_timer(self._when)
        run(self)

    def run_forever(self):
        selector = getattr(self, "_selector", None)
        if selector is None or "select" in vars(selector):
            return loop_init(self)
        select = selector.select

        def timed_select(timeout=None):
            add_rest(now())
            events = select(timeout)
            add_rest(now())
            return events

        selector.select = timed_select
        try:
            return loop_init(self)
        finally:
            del selector.select

    _Handle._run, _TimerHandle._run = _run, _run_timer
    asyncio.BaseEventLoop.run_forever = run_forever
    try:
        yield seen
    finally:
        _Handle._run = run
        del _TimerHandle._run
        asyncio.BaseEventLoop.run_forever = loop_init
