"""What another process uses, as exactly as the system tells: CPU time, memory, threads."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Footprint:
    """Resident and proportional memory in KB (None where it can't be read), and threads."""

    rss_kb: float
    pss_kb: float | None
    threads: int


def footprint(pid: int) -> Footprint:
    """What process `pid` holds now. Raises psutil.Error if it has ended."""
    process = psutil.Process(pid)
    with process.oneshot():
        rss, threads = process.memory_info().rss / 1024, process.num_threads()
    return Footprint(rss, _proportional(pid), threads)


def _proportional(pid: int) -> float | None:
    """Resident memory in KB with shared pages counted in part: Linux only."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            return next(float(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration, ValueError):
        return None


def cpu_seconds(pid: int) -> float:
    """CPU seconds that all threads of `pid` have used.

    From the process's own clock, exact to nanoseconds, where the system lets one read that
    of another process (Linux: clock_getcpuclockid(3)); else from psutil, in steps of 10 ms.
    Raises psutil.Error if it has ended.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except (OSError, AttributeError, OverflowError):
        used = psutil.Process(pid).cpu_times()
        return used.user + used.system
