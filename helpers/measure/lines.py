"""Which line of its code each task stands at, as observed: for a replay, not for timing.

A trace function is called at every line of the watched code, which makes that code many
times slower: a run with it is a run of its own.
"""

from __future__ import annotations

import sys
import threading
from array import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter_ns as now
from types import CodeType, FrameType
from typing import Any

#: Columns of a row: task, moment (ns of `perf_counter_ns`), which function, line of its file.
WIDTH = 4
#: Parts of a line with a code of their own: who is in one stands at the line around it.
_WITHIN_A_LINE = ("<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>")
#: After so many lines nothing more is noted; what came before stays.
MOST_LINES = 100_000

#: The number of the task that the current context belongs to.
_task: ContextVar[int | None] = ContextVar("task", default=None)


class Lines:
    """Notes each line of the watched code that a task comes to.

    `watched` are functions, None where one is missing; rows name them by their place. The code
    of functions inside them is watched as well. `full` says that there were more lines than
    are kept.
    """

    def __init__(self, watched: Sequence[Callable | None]) -> None:
        self._codes = {
            code: place
            for place, function in enumerate(watched)
            if function is not None
            for code in _codes_of(function)
        }
        self._rows: list[tuple[int, int, int, int]] = []
        self._last: dict[int, tuple[int, int]] = {}
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
        for task, moment, place, line in sorted(self._rows, key=lambda row: row[1]):
            found.extend((task, moment - begin_ns, place, line))
        return found

    def _called(self, frame: FrameType, event: str, _: Any) -> Callable | None:
        return self._at_line if frame.f_code in self._codes and not self.full else None

    def _at_line(self, frame: FrameType, event: str, _: Any) -> Callable | None:
        # A coroutine that goes on after an await comes as a call: it still stands there.
        if event == "line" and not self.full:
            number = _task.get()
            here = self._codes[frame.f_code], frame.f_lineno
            # A loop within one line comes to it again and again, and stands where it stood.
            if number is not None and self._last.get(number) != here:
                self._last[number] = here
                self._rows.append((number, now(), *here))
                self.full = len(self._rows) >= MOST_LINES
        return self._at_line


def code_of(function: Callable) -> CodeType | None:
    """The code of a function written in Python, without what was wrapped around it; or None."""
    while True:
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if inner is None:
            return getattr(function, "__code__", None)
        function = inner


def _codes_of(function: Callable) -> Iterable[CodeType]:
    code = code_of(function)
    waiting = [code] if code is not None else []
    while waiting:
        one = waiting.pop()
        yield one
        inner = (part for part in one.co_consts if isinstance(part, CodeType))
        waiting += [code for code in inner if code.co_name not in _WITHIN_A_LINE]
