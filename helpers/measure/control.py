"""The positive control: can two processes compute more than one, here and now?

Without it "threads don't help" and "no second core is free" look the same.
"""

from __future__ import annotations

import os
from statistics import median
from time import perf_counter_ns as now

from ..workloads.builtin import count_steps, steps_in_a_ms


def two_processes(ms: float = 30.0, repeats: int = 3) -> float:
    """How much more two processes compute than one in the same time; median of `repeats`.

    About 2.0 where a second core is free, 1.0 where none is. Takes some
    ``3 * ms * repeats`` milliseconds. 1.0 where there is no fork.
    """
    if not hasattr(os, "fork"):
        return 1.0
    steps = round(steps_in_a_ms("compute") * ms)
    return median(2 * _alone(steps) / _together(steps) for _ in range(repeats))


def _alone(steps: int) -> float:
    begin = now()
    count_steps(steps)
    return now() - begin


def _together(steps: int) -> float:
    begin = now()
    child = os.fork()
    if child == 0:
        try:
            count_steps(steps)
        finally:
            os._exit(0)
    count_steps(steps)
    os.waitpid(child, 0)
    return now() - begin
