"""What a simple model says the wall time should be, from the cost of one task.

Waits overlap up to the cap; Python code under one GIL adds up; C code that releases the
GIL, and processes, divide by the cores. The unit costs are measured beside the run, so
a wrong prediction says that the simple model misses something, not that the machine is
slow today.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class UnitCost:
    """What one task costs: seconds of waiting and of computing, and the models' own costs.

    `releases_gil`: its computing is C code without the GIL. `loop_waits`: the waiting of
    the async form leaves the loop free. `pool_s` is the start of a process pool, a process.
    """

    wait_s: float
    cpu_s: float
    releases_gil: bool = False
    loop_waits: bool = True
    task_s: float = 3e-6
    thread_s: float = 8e-5
    process_s: float = 4e-3


def predict(model: str, cost: UnitCost, tasks: int, cap: int, cores: float, gil: bool) -> float:
    """Seconds that `tasks` tasks should take in `model`, at most `cap` at once.

    Raises KeyError for an unknown model.
    """
    cap = min(cap, tasks)
    wait, cpu = cost.wait_s, cost.cpu_s
    parallel_threads = cost.releases_gil or not gil

    def overlapped(width: float) -> float:
        """Rounds of `cap` tasks, or the computing on `width` cores, whichever is longer."""
        width = max(1.0, min(width, cap))
        return max(ceil(tasks / cap) * (wait + cpu), tasks * cpu / width + wait)

    width = cores if parallel_threads else 1.0
    if model == "sequential":
        return tasks * (wait + cpu)
    if model == "asyncio":
        if not cost.loop_waits:
            return tasks * (wait + cpu)
        return overlapped(1.0) + tasks * cost.task_s
    if model == "threads":
        return overlapped(width) + cap * cost.thread_s
    if model == "asyncio+threads":
        return overlapped(width) + cap * cost.thread_s + tasks * cost.task_s
    if model == "processes":
        return overlapped(cores) + cap * cost.process_s
    raise KeyError(model)
