"""One way to do a thing, in a process of its own: how long it took, how late the loop was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns as now

from ..measure.heartbeat import Lag, beat, lag
from .job import quiet_gc

#: So long the heart beats before the way begins, and after it has ended.
LEAD_S = 0.03


@dataclass
class Heard:
    """One run of a way, in ns of `perf_counter_ns`: every beat, and when the way ran.

    `stop` is when the ticking task was ended. Without a ticking task `beats` is empty.
    """

    beats: list[int]
    begin: int
    end: int
    stop: int

    @property
    def took_s(self) -> float:
        """How long the way took, in seconds."""
        return (self.end - self.begin) / 1e9

    def beaten(self) -> Lag:
        """The lag. Raises LookupError where no beat was seen."""
        found = self.lag()
        if found is None:
            raise LookupError("no beat was seen beside this way")
        return found

    def lag(self) -> Lag | None:
        """How late the loop was while the way ran; None without a beat.

        From the last beat before it to the first one after it: the beats of the quiet time
        around the way would only thin the time-weighted lag.
        """
        before = [t for t in self.beats if t <= self.begin][-1:]
        during = [t for t in self.beats if self.begin < t < self.end]
        after = [t for t in self.beats if t >= self.end][:1]
        times = before + during + after
        return lag(times, after[0] if after else self.stop) if times else None


def run_way(way: Callable, beating: bool) -> Heard:
    """Run `way` on an event loop to its end, with a ticking task beside it if `beating`.

    `way` is a coroutine function, or an async generator function that yields where the part
    to be measured begins and, if anything follows it, where it ends: what stands before and
    after is preparation. Raises ValueError for one that ends without a `yield`, and whatever
    `way` raises. Must have the process to itself.
    """
    with quiet_gc():
        return asyncio.run(_run(way, beating))


async def _run(way: Callable, beating: bool) -> Heard:
    beats: list[int] = []
    work = way()
    parts = hasattr(work, "__anext__")
    if parts:
        try:
            await anext(work)
        except StopAsyncIteration:
            raise ValueError("the way ended before it came to its yield") from None
    doing = anext(work, None) if parts else work
    ticker = asyncio.create_task(beat(beats)) if beating else None
    try:
        if ticker:
            await asyncio.sleep(LEAD_S)
        begin = now()
        await doing
        end = now()
        if ticker:
            await asyncio.sleep(LEAD_S)
        return Heard(beats, begin, end, now())
    finally:
        if ticker:
            ticker.cancel()
        if parts:
            await work.aclose()
