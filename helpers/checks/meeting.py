"""Jobs that can go on only together: whether a solution has them in progress at once.

A job meets the others at a barrier, then stands at a gate. The gate opens when the solution
is seen to wait for its jobs, or has come back without waiting. So neither outcome depends on
who was quicker.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from .finding import Wrong
from .standing import LIMIT_S, Solution, is_learners, stuck

#: Real seconds for jobs to meet. Who is late by so much was not started meanwhile.
PATIENCE_S = 3.0
#: Nothing new for so long, in seconds: then all that was started has arrived.
SETTLED_S = 0.2


class Meeting:
    """`count` jobs, of which `together` at a time must meet; each gives ``"loaf 0"`` and so on.

    With `backwards` they end in reverse order. `failing` gives the exceptions that jobs raise,
    by number; then job 0 ends only when the solution waits once more, or has come back.

    After `attend`: `met` says whether they met, `most` how many were in progress
    at once, `calls` how often each was called, `threads` who ran each (a thread's identity),
    `early` whether the solution came back while jobs were in progress, `caller` its thread.
    """

    def __init__(self, count: int, together: int | None = None, *, backwards: bool = False,
                 failing: Mapping[int, Exception] | None = None) -> None:  # fmt: skip
        self.count, self.backwards, self.failing = count, backwards, dict(failing or {})
        self.jobs = [self._job(number) for number in range(count)]
        self.calls = [0] * count
        self.threads: list[int | None] = [None] * count
        self.met, self.early, self.most = True, False, 0
        self.caller: int | None = None
        self.ended: list[int] = []
        self._now = 0
        self._mine = threading.Lock()
        self._barrier = threading.Barrier(together or count)
        self._gate, self._last = threading.Event(), threading.Event()
        self._done = [threading.Event() for _ in range(count)]

    def results(self) -> list[str]:
        """What the jobs give, in their order."""
        return [f"loaf {number}" for number in range(self.count)]

    def _job(self, number: int) -> Callable[[], str]:
        def job() -> str:
            with self._mine:
                self.calls[number] += 1
                self.threads[number] = threading.get_ident()
                self._now += 1
                self.most = max(self.most, self._now)
            try:
                self._barrier.wait(PATIENCE_S)
                self._gate.wait(LIMIT_S)
                if self.backwards and number + 1 < self.count:
                    self._done[number + 1].wait(PATIENCE_S)
                if self.failing and number == 0:
                    self._last.wait(LIMIT_S)
            except threading.BrokenBarrierError:
                self.met = False
            with self._mine:
                self._now -= 1
                self.ended.append(number)
            self._done[number].set()
            if number in self.failing:
                raise self.failing[number]
            return f"loaf {number}"

        return job

    def attend(self, solution: Callable[..., Any], *args: Any, doing: str) -> Any:
        """Call ``solution(jobs, *args)`` in a thread, and what it gives.

        What it raises comes through. Raises Wrong if it does not come back.
        """

        def body() -> Any:
            self.caller = threading.get_ident()
            try:
                return solution(list(self.jobs), *args)
            finally:
                with self._mine:
                    self.early = self._now > 0

        thread = Solution(body)
        thread.start()
        self._open_when_waited_for(thread)
        thread.join(LIMIT_S)
        if thread.is_alive():
            raise stuck(LIMIT_S, doing)
        return thread.result()

    def _open_when_waited_for(self, thread: threading.Thread) -> None:
        """Open the gates, each once nothing moves any more: the solution waits, or is over."""
        self._until_still(thread, lambda: sum(self.calls))
        self._gate.set()
        if self.failing:
            self._until_still(thread, lambda: len(self.ended))
        self._last.set()

    def _until_still(self, thread: threading.Thread, count: Callable[[], int]) -> None:
        """Come back when `count` has settled, and the solution waits or is over."""
        deadline = time.monotonic() + PATIENCE_S + 1
        seen, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            if count() != seen or self._barrier.n_waiting:
                seen, since = count(), time.monotonic()
            settled = time.monotonic() - since > SETTLED_S
            if settled and (not thread.is_alive() or (seen and waits(thread))):
                return
            time.sleep(0.01)

    def demand_called_once(self, doing: str) -> None:
        """Raise Wrong unless each job was called once."""
        never = [k for k, calls in enumerate(self.calls) if calls == 0]
        if never:
            raise Wrong(f"{doing} ran {self.count - len(never)} of {self.count} jobs.",
                        "A thread runs its target only after start().")  # fmt: skip
        if max(self.calls) > 1:
            number = self.calls.index(max(self.calls))
            raise Wrong(f"{doing} called job {number} {self.calls[number]} times.",
                        "Call each job once: a thread calls its target by itself.")  # fmt: skip


def waits(thread: threading.Thread) -> bool:
    """Whether a thread stands in code that is no learner's: in join, wait, get, result, sleep.

    A thread that only waits for another one's start does not count.
    """
    frame = sys._current_frames().get(thread.ident or 0)
    inside = []
    while frame is not None and not is_learners(frame.f_code.co_filename):
        inside.append(frame.f_code.co_name)
        frame = frame.f_back
    return bool(inside) and frame is not None and "start" not in inside
