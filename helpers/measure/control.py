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


def _together(steps: int) -> int:
    """Nanoseconds that two processes need, from the moment at which both are ready.

    Without that moment the fork would count, and what a fresh process has to copy of a
    large parent: several milliseconds that say nothing about a core.
    """
    told, tell = os.pipe()
    heard, hear = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            count_steps(steps // 10)
            os.write(tell, b"r")
            os.read(heard, 1)
            count_steps(steps)
            os.write(tell, b"d")
        finally:
            os._exit(0)
    try:
        os.close(tell)  # a child that dies must not leave this process waiting
        os.read(told, 1)
        begin = now()
        os.write(hear, b"g")
        count_steps(steps)
        os.read(told, 1)
        return now() - begin
    finally:
        for end in (told, heard, hear):
            os.close(end)
        os.waitpid(child, 0)
