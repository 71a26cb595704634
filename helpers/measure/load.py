"""Other programs' load: CPU that the machine spent and that was not ours, in cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

try:
    _TICK = os.sysconf("SC_CLK_TCK")
except (AttributeError, ValueError):  # Windows
    _TICK = 100

#: More than this share of a core spent by others spoils a comparison.
LIMIT = 0.2
#: The kernel counts CPU in ticks of 10 ms: shorter windows say nothing.
WINDOW_S = 0.25


class ForeignLoad:
    """Measures, over a window, the cores that other programs used.

    `ours()` yields the process ids whose CPU time (their reaped children included) is
    our own. Where the system does not tell (no ``/proc``), `read()` gives None.
    """

    def __init__(self, ours: Callable[[], Iterable[int]]) -> None:
        self._ours = ours
        self.begin()

    def begin(self) -> None:
        """Start a new window now."""
        self._at, self._busy, self._own = time.monotonic(), _busy_s(), _cpu_s(self._ours())

    def read(self) -> float | None:
        """Cores used by others since `begin`; None while the window is too short."""
        span = time.monotonic() - self._at
        busy = _busy_s()
        if busy is None or self._busy is None or span < WINDOW_S:
            return None
        return max(0.0, (busy - self._busy) - (_cpu_s(self._ours()) - self._own)) / span


def _busy_s() -> float | None:
    try:
        with open("/proc/stat") as lines:
            values = [int(v) for v in lines.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    return (sum(values) - values[3] - values[4]) / _TICK  # less idle and iowait


def _cpu_s(pids: Iterable[int]) -> float:
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as text:
                fields = text.read().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    return total / _TICK
