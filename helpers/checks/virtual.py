"""A loop whose clock is simulated: waiting costs nothing, and durations are exact.

Where every task waits, the clock jumps to the next timer. `time.sleep` moves the same clock,
on the loop's own thread, and is counted: so a blocking call is seen, not felt. The idea is
that of trio's MockClock and of the libraries that "autojump" asyncio's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from .standing import learners_line, line_of, standing_in

#: A simulated day: who waits for longer waits for nothing.
LONGEST_S = 86_400.0
#: So much simulated `time.sleep`: who blocks for longer polls for what can't happen meanwhile.
LONGEST_BLOCKED_S = 600.0
#: Turns of the loop without a wait after which tasks are taken to poll with ``sleep(0)``.
POLLING = 100
#: Turns of the loop that a task may take to end when the coroutine has; no time passes.
GRACE = 5
#: Real seconds to give a thread that still works before a deadlock is called one.
PATIENCE_S = 3.0

_loops: dict[int, VirtualLoop] = {}  # the loop that runs in a thread, by the thread's identity


class Deadlock(RuntimeError):
    """Every task waits, and nothing is scheduled that could end a wait."""


@dataclass
class Outcome:
    """What became of a coroutine on a simulated clock.

    `seconds` are simulated; `blocked` is how many of them `time.sleep` took, at the lines
    in `blocked_at`. `left` names the tasks that had not ended when the coroutine had, nor at
    the same moment; they were cancelled. `error` is what it raised, else None. After a
    deadlock `standing` holds the lines in which tasks waited.
    """

    value: Any = None
    error: BaseException | None = None
    seconds: float = 0.0
    blocked: float = 0.0
    blocked_at: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)

    @property
    def deadlocked(self) -> bool:
        """Whether it ended because everybody waited for ever."""
        return isinstance(self.error, Deadlock)


class _Jumping:
    """A selector that moves the loop's clock instead of waiting for a timer."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop, self._real = loop, selectors.DefaultSelector()
        self._polls = 0

    def select(self, timeout: float | None = None) -> list:
        events = self._real.select(0)
        if timeout == 0 and not events:
            self._polls += 1
            if self._polls > POLLING:  # who polls waits for the clock, which waits for idleness
                self._polls = 0
                self._loop.jump()
            return events
        self._polls = 0
        if events or timeout == 0:
            return events
        if self._loop.others():  # a thread may be about to call back
            events = self._real.select(0.05 if timeout is not None else PATIENCE_S)
        if events:
            return events
        if timeout is None:
            raise Deadlock("Every task waits, and nothing is scheduled that could wake one.")
        self._loop.now += timeout
        if self._loop.now > LONGEST_S:
            raise Deadlock("After a simulated day it was still waiting.")
        return events

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with a simulated clock that begins at 0; `now` is in seconds."""

    def __init__(self) -> None:
        self.now, self.blocked = 0.0, 0.0
        self.blocked_at: dict[str, None] = {}  # each line once, in order
        self._before = set(threading.enumerate())
        jumping: Any = _Jumping(self)  # all of a selector that a loop uses
        super().__init__(jumping)
        self._clock_resolution = 1e-9  # asyncio calls a timer due that is so near

    def time(self) -> float:
        """The simulated time in seconds."""
        return self.now

    def others(self) -> bool:
        """Whether threads have been started since the loop was made."""
        return any(thread not in self._before for thread in threading.enumerate())

    _scheduled: list[asyncio.TimerHandle]  # of the base class, which keeps it to itself

    def jump(self) -> None:
        """Move the clock to the next timer, if there is one."""
        if self._scheduled:  # a heap; the loop has just thrown away what was cancelled at its top
            self.now = max(self.now, self._scheduled[0].when())

    def standing(self) -> list[str]:
        """The lines in which the tasks of the loop stand, each once; from any thread."""
        with contextlib.suppress(RuntimeError):  # tasks came and went meanwhile
            lines = [line_of(task.get_coro()) for task in asyncio.all_tasks(self)]
            return sorted({line for line in lines if line})
        return []

    def block(self, seconds: float) -> None:
        """Let a blocking sleep take simulated time: nobody else runs meanwhile.

        Raises Deadlock after ten simulated minutes of it.
        """
        self.now += seconds
        self.blocked += seconds
        self.blocked_at[learners_line() or "a line that can't be told"] = None
        if self.blocked > LONGEST_BLOCKED_S:
            raise Deadlock("time.sleep has held the loop for ten simulated minutes.")


@contextlib.contextmanager
def sleep_observed() -> Iterator[None]:
    """Have `time.sleep` move the simulated clock of the loop that runs in its thread.

    Enter it before code is unpickled or imported that may hold `sleep` under a name of its
    own: that name is then bound to the observed one. Elsewhere sleeping is as ever.
    """
    real = time.sleep

    def sleep(seconds: Any, /) -> None:
        loop = _loops.get(threading.get_ident())
        if loop is None:
            real(seconds)
        elif seconds < 0:
            real(seconds)  # raises as it always does
        else:
            loop.block(float(seconds))

    time.sleep = sleep
    try:
        yield
    finally:
        time.sleep = real


def run_virtually(main: Callable[[], Coroutine[Any, Any, Any]]) -> Outcome:
    """Run ``main()`` on a loop of this thread with a simulated clock, to its end.

    The calling thread must have no running loop. What it raises is in the outcome; only
    KeyboardInterrupt and SystemExit come through. A `main` that computes for ever does not
    come back: see `ended_within`.
    """
    loop, me = VirtualLoop(), threading.get_ident()
    outcome = Outcome()
    _loops[me] = loop
    standing_in[me] = loop.standing
    asyncio.set_event_loop(loop)
    try:
        with sleep_observed():
            task = loop.create_task(main())
            try:
                outcome.value = loop.run_until_complete(task)
            except (KeyboardInterrupt, SystemExit):
                if task.done():
                    task.exception()  # read, so that nobody complains of it later
                raise
            except BaseException as error:
                outcome.error = error
                outcome.standing = loop.standing() if outcome.deadlocked else []
            outcome.seconds = round(loop.now, 6)
            outcome.blocked = round(loop.blocked, 6)
            outcome.blocked_at = list(loop.blocked_at)
            outcome.left = _end(loop, task)
    finally:
        del _loops[me], standing_in[me]
        asyncio.set_event_loop(None)
        loop.close()
    return outcome


def _end(loop: VirtualLoop, main: asyncio.Task) -> list[str]:
    """Cancel what has not ended; the names of the tasks that were left, `main` not among them."""
    # Who was cancelled, or has one statement to go, needs a turn or two of the loop to end.
    for _ in range(GRACE):
        with contextlib.suppress(Exception):
            loop.run_until_complete(asyncio.sleep(0))
    alive = [task for task in asyncio.all_tasks(loop) if not task.done()]
    left = sorted(_name(task) for task in alive if task is not main)
    # What refuses to be cancelled is given up after a few rounds, not waited for.
    for _ in range(3):
        for task in alive:
            with contextlib.suppress(RecursionError):  # tasks that await each other
                task.cancel()
        if alive:
            with contextlib.suppress(Exception):
                loop.run_until_complete(asyncio.wait(alive, timeout=1))
        alive = [task for task in asyncio.all_tasks(loop) if not task.done()]
    for task in (main, *alive):
        if task.done() and not task.cancelled():
            task.exception()  # read, so that nobody complains of it later
    with contextlib.suppress(Exception):
        loop.run_until_complete(loop.shutdown_asyncgens())
    return left


def _name(task: asyncio.Task) -> str:
    name = getattr(task.get_coro(), "__qualname__", task.get_name())
    return name.rpartition("<locals>.")[2]
