"""Which line of its code each task stands at, as observed: for a replay, not for timing.

A trace function is called at every line of the watched code, which makes that code many
times slower: a run with it is a run of its own.
"""

from __future__ import annotations

import sys
import threading
from array import array
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter_ns as now
from types import CodeType, FrameType
from typing import Any

#: Columns of a row: task, moment (ns of `perf_counter_ns`), line.
WIDTH = 3
#: After so many lines nothing more is noted; what came before stays.
MOST_LINES = 100_000

#: The number of the task that the current context belongs to.
_task: ContextVar[int | None] = ContextVar("task", default=None)


class Lines:
    """Notes each line of the watched code that a task comes to.

    `watched` are functions; the code of functions inside them is watched as well. `full` says
    that there were more lines than are kept.
    """

    def __init__(self, watched: Iterable[Callable]) -> None:
        self._codes = {code for function in watched for code in _codes_of(function)}
        self._rows: list[tuple[int, int, int]] = []
        self.full = False

    def blocking(self, task: Callable[[int], Any]) -> Callable[[int], Any]:
        """`task` of a number, known to this as that number's."""

        def one(number: int) -> Any:
            before = _task.set(number)
            try:
                return task(number)
            finally:
                _task.reset(before)

        return one

    def coroutine(self, task: Callable[[int], Any]) -> Callable[[int], Any]:
        """The same for a coroutine function."""

        async def one(number: int) -> Any:
            before = _task.set(number)
            try:
                return await task(number)
            finally:
                _task.reset(before)

        return one

    @contextmanager
    def watching(self):
        """Note lines meanwhile, in this thread and in those that are started."""
        before, in_threads = sys.gettrace(), threading.gettrace()
        threading.settrace(self._called)
        sys.settrace(self._called)
        try:
            yield self
        finally:
            sys.settrace(before)
            threading.settrace(in_threads)

    def rows(self, begin_ns: int) -> array:
        """The rows, one after the other, in order of time; moments count from `begin_ns`."""
        found = array("q")
        for task, moment, line in sorted(self._rows, key=lambda row: row[1]):
            found.extend((task, moment - begin_ns, line))
        return found

    def _called(self, frame: FrameType, event: str, _: Any) -> Callable | None:
        return self._at_line if frame.f_code in self._codes and not self.full else None

    def _at_line(self, frame: FrameType, event: str, _: Any) -> Callable | None:
        # A coroutine that goes on after an await comes as a call: it still stands there.
        if event == "line":
            number = _task.get()
            if number is not None:
                self._rows.append((number, now(), frame.f_lineno))
                self.full = len(self._rows) >= MOST_LINES
        return None if self.full else self._at_line


def _codes_of(function: Callable) -> Iterable[CodeType]:
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    waiting = [code] if code is not None else []
    while waiting:
        one = waiting.pop()
        yield one
        waiting += [inner for inner in one.co_consts if isinstance(inner, CodeType)]
