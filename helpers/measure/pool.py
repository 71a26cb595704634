"""Jobs that only wait, handed to a pool: how long they all took, and on how many threads."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Sequence


def run_counts(how: Callable, counts: Sequence[int], ms: float) -> list[tuple[float, int, int]]:
    """Call ``how(job, count)`` for each count, awaited if it is async; each job waits `ms` ms.

    Every count has an event loop of its own, and so a pool of its own. Returns for each
    ``(wall seconds, jobs that ended, threads that did them)``.
    """
    return [asyncio.run(_run_jobs(how, count, ms)) for count in counts]


async def _run_jobs(how: Callable, count: int, ms: float) -> tuple[float, int, int]:
    threads: list[int] = []

    def job() -> None:
        time.sleep(ms / 1e3)
        threads.append(threading.get_ident())

    began = time.perf_counter()
    result = how(job, count)
    if inspect.isawaitable(result):
        await result
    return time.perf_counter() - began, len(threads), len(set(threads))
