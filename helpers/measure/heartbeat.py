"""The lag of an event loop: a task that ticks, and how late each tick comes."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import median
from time import perf_counter_ns as now

TICK_S = 0.005


@dataclass
class Lag:
    """How late the loop was, in milliseconds, over `beats` ticks.

    A blocked loop takes few samples, so that the median of beats hides the block: the
    time-weighted lag counts each beat with the time it stood for.
    """

    beats: int
    median_ms: float
    max_ms: float
    weighted_ms: float

    def as_dict(self) -> dict:
        """For a message to another process."""
        return asdict(self)


def lag(beats: list[int], end_ns: int, tick_s: float = TICK_S) -> Lag | None:
    """The lag that a list of beat times (ns) shows; None for fewer than one beat.

    The time from the last beat to `end_ns` counts as well: a loop that was blocked to the
    end has no later beat to be late with.
    """
    if not beats:
        return None
    tick = int(tick_s * 1e9)
    times = [*beats, end_ns] if end_ns - beats[-1] > tick else beats
    spans = [b - a for a, b in pairwise(times)] or [tick]
    late = [max(0, span - tick) for span in spans]
    # A beat that is L late stood for all moments of its wait; on average a moment of
    # it would have been L / 2 late.
    weighted = sum(x * x / 2 for x in late) / sum(spans)
    return Lag(len(late), median(late) / 1e6, max(late) / 1e6, weighted / 1e6)


async def beat(times: list[int], tick_s: float = TICK_S) -> None:
    """Note the time at every tick in `times`, in ns of the clock, until cancelled."""
    while True:
        times.append(now())
        await asyncio.sleep(tick_s)
