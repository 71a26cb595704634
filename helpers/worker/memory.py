"""How much memory a run takes, and how much it may."""

from __future__ import annotations

import contextlib
import time

import psutil

from ..services.container import memory_free

#: A run may take so much of the free memory, and so many MB in any case: it shares most of
#: what it has at first with its parent.
ROOM_SHARE, LEAST_MB = 0.9, 64


class Room:
    """What a run may take here, in MB: beyond it the system would kill, perhaps the kernel."""

    def __init__(self) -> None:
        self._looked, self._mb = float("-inf"), 0.0

    def mb(self) -> float:
        """MB that are free now; read at most once a second, as it costs about 2 ms."""
        now = time.monotonic()
        if now - self._looked > 1.0:
            self._looked, self._mb = now, max(LEAST_MB, ROOM_SHARE * memory_free() / 2**20)
        return self._mb


def taken_mb(pid: int | None) -> float:
    """MB that a run's process and what it started have; 0 without one."""
    if pid is None:
        return 0.0
    total = 0
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(pid)
        total = leader.memory_info().rss
        # Forked children share most pages with their parent: count what is their own.
        for child in leader.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                memory = child.memory_info()
                total += max(0, memory.rss - getattr(memory, "shared", 0))
    return total / 2**20
