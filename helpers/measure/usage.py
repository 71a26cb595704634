"""What a run used: wall and CPU time, memory, context switches."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import asdict, dataclass

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]  # every use asks first


@dataclass
class Usage:
    """Seconds, megabytes and counts of one run, this process and its children together.

    `peak_mb` is the most resident memory that was seen, `grown_mb` how much more than at
    the start. `ready_s` is how long this process's threads were ready to run and had no core,
    those that lived to the end. ``None`` where the platform does not tell.
    """

    wall_s: float
    user_s: float
    system_s: float
    voluntary: int | None = None
    involuntary: int | None = None
    peak_mb: float | None = None
    grown_mb: float | None = None
    threads: int = 1
    ready_s: float | None = None

    @property
    def cpu_s(self) -> float:
        """CPU time, user and system."""
        return self.user_s + self.system_s

    @property
    def cores(self) -> float:
        """Cores used: CPU time divided by wall time."""
        return self.cpu_s / self.wall_s if self.wall_s else 0.0

    @property
    def wanted(self) -> float | None:
        """Cores that it would have used had they been free; None where nothing tells."""
        if self.ready_s is None or not self.wall_s:
            return None
        return self.cores + self.ready_s / self.wall_s

    def as_dict(self) -> dict:
        """For a message to another process."""
        return asdict(self)


class Meter:
    """Reads the counters once at `start()` and once at `stop()`; nothing in between."""

    def start(self) -> None:
        """Begin; the wall clock starts last."""
        _reset_peak()
        self._memory = memory_mb()
        self._ready = ready_ns()
        self._before = _counters()
        self.begin_ns = time.perf_counter_ns()

    def stop(self) -> Usage:
        """End; the wall clock stops first."""
        self.end_ns = time.perf_counter_ns()
        after, ready = _counters(), ready_ns()
        before = self._before
        voluntary, involuntary = (
            None if a is None or b is None else b - a
            for a, b in zip(before[2:], after[2:], strict=True)
        )
        now_mb, peak = memory_mb(), peak_mb()
        grown = None if peak is None or self._memory is None else peak - self._memory
        late = None
        if ready is not None and self._ready is not None:
            late = max(0, ready - self._ready) / 1e9
        return Usage(
            wall_s=(self.end_ns - self.begin_ns) / 1e9,
            user_s=after[0] - before[0],
            system_s=after[1] - before[1],
            voluntary=voluntary,
            involuntary=involuntary,
            peak_mb=peak if peak is not None else now_mb,
            grown_mb=grown,
            ready_s=late,
        )


def _counters() -> tuple[float, float, int | None, int | None]:
    if resource is None:
        times = os.times()
        return times.user, times.system, None, None
    own = resource.getrusage(resource.RUSAGE_SELF)
    kids = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (
        own.ru_utime + kids.ru_utime,
        own.ru_stime + kids.ru_stime,
        own.ru_nvcsw + kids.ru_nvcsw,
        own.ru_nivcsw + kids.ru_nivcsw,
    )


def ready_ns() -> int | None:
    """Nanoseconds that this process's living threads spent ready, without a core; or None.

    Linux tells it for each thread. A thread that waits for the GIL is not ready: it sleeps
    on a lock. That tells taking turns from a lack of cores.
    """
    total = 0
    try:
        for thread in os.listdir("/proc/self/task"):
            with (
                contextlib.suppress(FileNotFoundError, ProcessLookupError),  # it has ended
                open(f"/proc/self/task/{thread}/schedstat") as line,
            ):
                total += int(line.read().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return total


def _status(key: str) -> float | None:
    try:
        with open("/proc/self/status") as lines:
            for line in lines:
                if line.startswith(key):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def memory_mb() -> float | None:
    """Resident memory of this process now, in MB."""
    return _status("VmRSS:")


def peak_mb() -> float | None:
    """The most resident memory of this process so far, in MB."""
    peak = _status("VmHWM:")
    if peak is None and resource is not None:  # macOS counts in bytes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return peak


def _reset_peak() -> None:
    try:
        with open("/proc/self/clear_refs", "w") as handle:
            handle.write("5")
    except OSError:
        pass
