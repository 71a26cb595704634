"""Where a learner's code stands: the line that a thread or a call is in, in words."""

from __future__ import annotations

import linecache
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import FrameType
from typing import Any

from .finding import Wrong

#: Real seconds after which a solution that needs milliseconds is called stuck.
LIMIT_S = 5.0

#: Who computes is given this share of its seconds as CPU time before it is called stuck...
FAIR = 0.3
#: ...but not more time than so many times its seconds...
MOST = 3
#: ...which is asked again after so many seconds; below this share of a core it only waits.
PAUSE_S, COMPUTES = 0.5, 0.02

#: By a thread's identity, what gives the lines in which the tasks of its event loop stand.
standing_in: dict[int, Callable[[], list[str]]] = {}

_PATHS = sysconfig.get_paths()
_ELSEWHERE = tuple({_PATHS["stdlib"], _PATHS["platstdlib"], _PATHS["purelib"],
                    str(Path(__file__).parents[1])})  # fmt: skip


def is_learners(filename: str) -> bool:
    """Whether code in a file is a learner's: not Python's, not a library's, not the course's."""
    return not filename.startswith((*_ELSEWHERE, "<frozen"))


def learners_line(frame: FrameType | None = None) -> str:
    """The innermost line of a learner's code on a stack, as ``line 3: time.sleep(1)``.

    `frame` is where to begin, by default the caller's; empty where there is no such line.
    """
    frame = frame or sys._getframe(1)
    while frame is not None:
        if is_learners(frame.f_code.co_filename):
            return _words(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return ""


def line_of(coroutine: Any) -> str:
    """The innermost line of a learner's code in a coroutine and what it awaits; or empty."""
    line = ""
    while coroutine is not None:
        for kind, awaited in (("cr", "cr_await"), ("gi", "gi_yieldfrom"), ("ag", "ag_await")):
            if frame := getattr(coroutine, f"{kind}_frame", None):
                if is_learners(frame.f_code.co_filename):
                    line = _words(frame.f_code.co_filename, frame.f_lineno)
                coroutine = getattr(coroutine, awaited)
                break
        else:
            return line
    return line


def _words(filename: str, number: int | None) -> str:
    text = linecache.getline(filename, number or 0).strip()
    return f"line {number}: {text}" if text else f"line {number}"


def own_traceback(error: BaseException) -> str:
    """The traceback of an error, from the first line of a learner's code on."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((k for k, f in enumerate(frames) if is_learners(f.filename)), 0)
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list(frames[first:])
    return "".join(told.format())


def failed(error: BaseException, doing: str = "It") -> Wrong:
    """A learner's error as a finding: its type, its words, the line where it was raised."""
    name, cause = type(error).__name__, error
    while isinstance(cause, BaseExceptionGroup):  # what went wrong is inside
        cause = cause.exceptions[0]
    if cause is not error:
        name += f" with {type(cause).__name__}"
    frames = traceback.extract_tb(cause.__traceback__)
    own = [frame for frame in frames if is_learners(frame.filename)]
    where = f" in {_words(own[-1].filename, own[-1].lineno)}" if own else ""
    words = str(cause).splitlines()[0] if str(cause) else ""
    return Wrong(f"{doing} raised {name}{f': {words}' if words else ''}{where}.",
                 details=own_traceback(error))  # fmt: skip


class Solution(threading.Thread):
    """A call of a learner's code in a thread of its own, which does not keep the process alive."""

    def __init__(self, call: Callable[..., Any], *args: Any) -> None:
        super().__init__(name="solution", daemon=True)
        self._call, self._with, self._outcome = call, args, Future[Any]()

    def run(self) -> None:
        """Make the call."""
        try:
            self._outcome.set_result(self._call(*self._with))
        except BaseException as error:
            self._outcome.set_exception(error)

    def result(self) -> Any:
        """What the call gave, once the thread has ended; what it raised comes through."""
        return self._outcome.result()


def ended_within(function: Callable[..., Any], *args: Any, seconds: float = LIMIT_S,
                 doing: str = "It") -> Any:  # fmt: skip
    """The result of ``function(*args)``, run in a thread of its own; what it raises comes through.

    Raises Wrong if it has not ended after `seconds`: with the lines where the learner's
    threads stand. On a busy machine what computes gets more, for it hardly got a core. The
    thread can't be ended: the process must, afterwards.
    """
    thread = Solution(function, *args)
    began, used = time.monotonic(), time.process_time()
    thread.start()
    thread.join(seconds)
    most = began + MOST * seconds
    while thread.is_alive() and time.monotonic() < most and _starved(used, FAIR * seconds):
        thread.join(PAUSE_S)
    if thread.is_alive():
        raise stuck(round(time.monotonic() - began), doing)
    return thread.result()


def _starved(before: float, fair: float) -> bool:
    """Whether this process computes, and has got less CPU time than is `fair` since `before`."""
    now = time.process_time()
    if now - before > fair:
        return False
    time.sleep(PAUSE_S)
    return time.process_time() - now > COMPUTES * PAUSE_S


def stuck(seconds: float, doing: str = "It") -> Wrong:
    """What to say of a solution that does not end: who stands where, at this moment."""
    me = threading.get_ident()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    lines = []
    for ident, frame in sys._current_frames().items():
        line = learners_line(frame) if ident != me else ""
        if line:
            lines.append(f"{names.get(ident, 'a thread')} stands in {line}")
        elif ident in standing_in:  # its loop is between two tasks
            lines += [f"a task stands in {line}" for line in standing_in[ident]()]
    where = f" {'; '.join(sorted(set(lines))[:4])}." if lines else ""
    return Wrong(f"Deadlock or endless loop: {doing[0].lower()}{doing[1:]} had not ended after "
                 f"{seconds:g} s.{where}",
                 "Who waits here, and who is to end that wait? A join(), a lock or a queue "
                 "that nobody serves waits for ever.")  # fmt: skip
