"""Tasks with known steps: compute, wait, compute, each for a given time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from .base import Workload
from .marks import PYTHON, Stamps

_BETWEEN_STAMPS = 500  # additions, about 30 µs


def stepped(plans: Sequence[Sequence[float]]) -> Workload:
    """Task number k takes the steps of ``plans[k]``: milliseconds of computing and waiting in turn.

    To compute for so long is to run Python code until the thread has had that much CPU time:
    here the time is what is promised, not the work.
    """

    async def steps(number: int) -> None:
        for place, ms in enumerate(plans[number]):
            if place % 2:
                await asyncio.sleep(ms / 1000)
            else:
                _compute(ms / 1000)

    return Workload("steps", "known steps", None, steps, "mixed", takes_number=True)


def _compute(seconds: float) -> None:
    # Windows counts CPU time in steps of 16 ms: there the wall clock has to do.
    fine = time.get_clock_info("thread_time").resolution < 1e-3
    clock = time.thread_time if fine else time.perf_counter
    until, stamps = clock() + seconds, Stamps()
    while clock() < until:
        total = 0
        for k in range(_BETWEEN_STAMPS):
            total += k
        stamps.stamp()
    stamps.done(PYTHON)
