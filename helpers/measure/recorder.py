"""Records when each task was submitted, started and ended, and on which thread.

The stamps go into four columns of 64-bit integers, one row a task. The columns may lie
in memory shared with another process, which can then follow a run without asking it,
and still holds what was seen when the run is killed.
"""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import get_ident
from time import perf_counter_ns as now
from typing import TYPE_CHECKING, Any

from ..workloads import marks

if TYPE_CHECKING:
    from mmap import mmap

COLUMNS = ("submitted", "started", "ended", "thread")


class Board:
    """The four columns of stamps, in ns of `perf_counter_ns` (thread: identity).

    `buffer` holds ``Board.size(tasks)`` bytes, all zero at first; without it the board
    makes its own. Zero means "not yet".
    """

    def __init__(self, tasks: int, buffer: bytearray | mmap | None = None) -> None:
        if buffer is None:
            buffer = bytearray(self.size(tasks))
        cells = memoryview(buffer)[: self.size(tasks)].cast("q")
        self.tasks = tasks
        self.submitted, self.started, self.ended, self.thread = (
            cells[k * tasks : (k + 1) * tasks] for k in range(4)
        )

    @staticmethod
    def size(tasks: int) -> int:
        """Bytes for the columns of `tasks` tasks."""
        return 8 * len(COLUMNS) * tasks

    def begin(self) -> None:
        """Note that the run begins: until then nothing of the learner's has run."""
        self.submitted[0] = now()

    def begun(self) -> bool:
        """Whether `begin` was called, here or in the process that shares the memory."""
        return self.submitted[0] != 0

    def finished(self) -> int:
        """How many tasks have ended so far."""
        return self.tasks - self.ended.tolist().count(0)

    def release(self) -> None:
        """Let go of the buffer, so that its owner can close it."""
        for name in COLUMNS:
            getattr(self, name).release()


_HELPERS = str(Path(__file__).resolve().parents[1])


def own_traceback(error: BaseException) -> str:
    """The traceback from the first frame that is the learner's; the whole if none is.

    At most 8,000 characters, the end of it.
    """
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(_HELPERS):
        frame = frame.tb_next
    lines = traceback.format_exception(type(error), error, frame or error.__traceback__)
    return "".join(lines)[-8000:]


class Failure(dict):
    """One task's exception, in words: keys ``task``, ``type``, ``message``, ``traceback``."""

    @classmethod
    def of(cls, task: int, error: BaseException) -> Failure:
        """The exception of task number `task`, in words."""
        try:
            message = str(error)
        except Exception:  # a learner's __str__ may raise too
            message = ""
        return cls(
            task=task,
            type=type(error).__name__,
            message=message[:2000],
            traceback=own_traceback(error),
        )


class Submissions:
    """The numbers of the tasks, in order; notes when each was handed over."""

    def __init__(self, board: Board) -> None:
        self._submitted = board.submitted

    def __len__(self) -> int:
        return len(self._submitted)

    def __iter__(self):
        submitted = self._submitted
        for number in range(len(submitted)):
            submitted[number] = now()
            yield number


class Recorder:
    """Wraps one task's function, so that a model can run it and nothing is lost.

    The wrapped function takes the task's number, stamps the board, keeps the result or
    the failure, and never raises. With ``detail`` true the marks of each task are kept
    too (`helpers.workloads.marks`), for a timeline.
    """

    def __init__(self, tasks: int, board: Board | None = None, detail: bool = False) -> None:
        self.board = board or Board(tasks)
        self.numbers = Submissions(self.board) if detail else range(tasks)
        self.results: list[Any] = [None] * tasks
        self.failures: list[Failure] = []
        self.marks: list[list] | None = [[] for _ in range(tasks)] if detail else None
        self.elsewhere = False  # whether a task ran in another process

    def blocking(self, task: Callable[[int], Any]) -> Callable[[int], None]:
        """A plain function of the task's number, for any thread."""
        started, ended, thread = self.board.started, self.board.ended, self.board.thread
        results, marks_of = self.results, self.marks

        def one(number: int) -> None:
            thread[number] = get_ident()
            if marks_of is not None:
                marks.attach(marks_of[number])
            started[number] = now()
            try:
                results[number] = task(number)
            except BaseException as error:  # also SystemExit: a task must not end the run
                self.failures.append(Failure.of(number, error))
            finally:
                ended[number] = now()

        return one

    def coroutine(self, task: Callable[[int], Awaitable[Any]]) -> Callable[[int], Awaitable[None]]:
        """A coroutine function of the task's number, for the loop's thread."""
        started, ended = self.board.started, self.board.ended
        results, marks_of = self.results, self.marks

        async def one(number: int) -> None:
            if marks_of is not None:
                marks.attach(marks_of[number])
            started[number] = now()
            try:
                results[number] = await task(number)
            except asyncio.CancelledError as error:
                self.failures.append(Failure.of(number, error))
                # A cancelled task must end as one; a task that merely let another's
                # CancelledError through must not take the whole gather with it.
                me = asyncio.current_task()
                if me is not None and me.cancelling():
                    raise
            except BaseException as error:
                self.failures.append(Failure.of(number, error))
            finally:
                ended[number] = now()

        return one

    def wrap(self, form: str, task: Callable[[int], Any]) -> Callable[[int], Any]:
        """The wrapped `task` of the given form, "blocking" or "coroutine"."""
        return self.blocking(task) if form == "blocking" else self.coroutine(task)

    def row(self, number: int) -> tuple:
        """All that was recorded of one task, to be kept by a recorder elsewhere."""
        board = self.board
        failure = next((f for f in self.failures if f["task"] == number), None)
        marks_of = self.marks[number] if self.marks is not None else None
        stamps = board.started[number], board.ended[number], os.getpid()
        return number, self.results[number], failure, stamps, marks_of

    def keep(self, row: tuple) -> None:
        """Take over a `row` from a recorder in another process."""
        self.elsewhere = True
        number, self.results[number], failure, stamps, marks_of = row
        board = self.board
        board.started[number], board.ended[number], board.thread[number] = stamps
        if failure is not None:
            self.failures.append(failure)
        if self.marks is not None and marks_of is not None:
            self.marks[number] = marks_of

    def lost(self, number: int, error: BaseException) -> None:
        """Note that a task's process died before it could tell its result."""
        self.failures.append(Failure.of(number, error))
